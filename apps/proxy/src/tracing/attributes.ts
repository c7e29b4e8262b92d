import {
  type ClientTls,
  type DialSecured,
  formatSockAddr,
  requestId,
  type ServerTlsFacts,
  type Session,
  type SessionEnded,
  type SockAddr,
  type TracedRequest,
} from '@inband/core';
import type { Attributes } from '@opentelemetry/api';

/** The methods that the semantic conventions of HTTP know. Others are `_OTHER`, so that clients cannot make names up. */
const METHODS: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);

/** The name of a span: the method, because a path would make as many names as there are pages. */
export function spanName({ method }: Session, request: TracedRequest | undefined): string {
  if (request === undefined) return 'TLS';
  return method !== undefined && METHODS.has(method) ? method : 'HTTP';
}

/** What is known when a session begins. A sampler decides by it. */
export function firstAttributes(session: Session, request: TracedRequest | undefined): Attributes {
  const { client, service, method = '' } = session;
  const common = {
    'inband.service': service.name,
    'inband.request.id': requestId(session),
    ...addressOf('client', client.address),
    ...(client.peer && addressOf('network.peer', client.peer)),
    ...clientTlsAttributes(session.tls),
  };
  if (request === undefined) return { ...common, 'network.protocol.name': 'tls' };
  const path = method === 'CONNECT' ? undefined : pathOf(request.url);
  return {
    ...common,
    ...(METHODS.has(method)
      ? { 'http.request.method': method }
      : { 'http.request.method': '_OTHER', 'http.request.method_original': method }),
    ...(path === undefined ? {} : { 'url.scheme': schemeOf(session), 'url.path': path }),
    ...protocolOf(client.protocol, request),
  };
}

function protocolOf(other: Session['client']['protocol'], { minor }: TracedRequest): Attributes {
  if (other === undefined) return { 'network.protocol.name': 'http', 'network.protocol.version': `1.${minor}` };
  return { 'network.protocol.name': 'socks', 'network.protocol.version': other.slice('socks'.length) };
}

/** Without the query, which may hold what is nobody's business. */
function pathOf(url: string | undefined): string | undefined {
  const [, path] = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)/i.exec(url ?? '') ?? [];
  return url === undefined ? undefined : path === '' ? '/' : path;
}

/** To a forward proxy TLS is only the way there. */
function schemeOf({ client, service }: Session): 'http' | 'https' {
  if (service.mode === 'forward') return 'http';
  return client.scheme ?? (client.tls === undefined ? 'http' : 'https');
}

/** In the words of the semantic conventions. A session that is stacked has the TLS of the outermost client. */
function clientTlsAttributes(tls: ClientTls | undefined): Attributes {
  if (tls === undefined) return {};
  const { version, cipher, serverName, alpn, resumed, certificate } = tls;
  return {
    'tls.protocol.name': 'tls',
    'tls.protocol.version': version.slice('TLSv'.length),
    'tls.cipher': cipher,
    'tls.resumed': resumed,
    ...(serverName !== undefined && { 'tls.client.server_name': serverName }),
    ...(alpn !== undefined && { 'tls.next_protocol': alpn }),
    ...(certificate !== undefined && { 'tls.client.subject': certificate.subject }),
  };
}

/** The conventions have none for another connection than that of the span. */
function serverTlsAttributes(tls: ServerTlsFacts | undefined): Attributes {
  if (tls === undefined) return {};
  const { version, cipher, serverName, verified, resumed } = tls;
  return {
    'inband.server.tls.version': version.slice('TLSv'.length),
    'inband.server.tls.cipher': cipher,
    'inband.server.tls.name': serverName,
    'inband.server.tls.verified': verified,
    'inband.server.tls.resumed': resumed,
  };
}

/** What came of a handshake with a server. */
export function handshakeAttributes({ version, resumed }: DialSecured): Attributes {
  return { 'inband.server.tls.version': version.slice('TLSv'.length), 'inband.server.tls.resumed': resumed };
}

/** What became of a session. */
export function lastAttributes(session: Session, ended: SessionEnded): Attributes {
  const { target, route, serverAddress } = session;
  const { status, bytesIn, bytesOut, verdict, rule, reused, error } = ended;
  const failure = error?.code ?? (status >= 500 ? String(status) : undefined);
  return {
    ...(target && { 'server.address': target.host, 'server.port': target.port }),
    ...(route && { 'inband.route': route.name, 'inband.chainer': route.chainer.kind }),
    ...(serverAddress && { 'inband.server': formatSockAddr(serverAddress) }),
    ...serverTlsAttributes(session.serverTls),
    ...(status > 0 && { 'http.response.status_code': status }),
    'http.request.body.size': bytesIn,
    'http.response.body.size': bytesOut,
    'inband.verdict': verdict,
    ...(rule !== undefined && { 'inband.rule': rule }),
    'inband.reused': reused,
    ...(failure !== undefined && { 'error.type': failure }),
  };
}

/** `client.address` and `client.port`, or `network.peer.address` and so on. */
export function addressOf(prefix: 'client' | 'network.peer', address: SockAddr): Attributes {
  if (address.family === 'unix') return { [`${prefix}.address`]: formatSockAddr(address) };
  return { [`${prefix}.address`]: address.address, [`${prefix}.port`]: address.port };
}
