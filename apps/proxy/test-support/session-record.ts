import {
  AccessPolicy,
  AddressZones,
  createMemoryNetwork,
  Session,
  sessionWriter,
  type AccessDecision,
  type ClientConnection,
  type ClientTls,
  type HostPort,
  type ServerTlsFacts,
  type Service,
  type SessionRecord,
  type SockAddr,
} from '@inband/core';

/** Text that would break lines, forge others and control a terminal. */
export const NASTY = 'x\r\n{"level":"info","user":"root"}\u001b[31m\u0085\u2028\u2029\u202e"\\\ud800\u007f';

export const policy = AccessPolicy.compile([], {
  mode: 'forward',
  zones: new AddressZones(),
  path: 'services.web.access',
});
const service: Service = { name: 'web', mode: 'forward', policy, routesByPath: false, route: () => undefined };

/** What is written of a session, where that is not as usual. */
export interface Written {
  readonly user?: string | undefined;
  readonly tls?: ClientTls | undefined;
  readonly serverTls?: ServerTlsFacts | undefined;
  readonly protocol?: ClientConnection['protocol'] | undefined;
  readonly peer?: SockAddr | undefined;
  readonly method?: string | undefined;
  readonly target?: HostPort | undefined;
  readonly server?: SockAddr | undefined;
  readonly resolved?: SockAddr | undefined;
  readonly decision?: AccessDecision | undefined;
  readonly attempts?: boolean | undefined;
}

const usually: Written = { method: 'GET', server: { family: 'inet6', address: '::1', port: 80 }, attempts: true };

/** The record of a session. */
export function sessionRecord(change: Partial<SessionRecord> = {}, written: Written = usually): SessionRecord {
  const { server } = createMemoryNetwork().connectPair();
  const { tls, protocol, peer } = written;
  const address = { family: 'inet', address: '127.0.0.1', port: 40000 } as const;
  const common = { id: 1, connection: server, address, local: address, listener: address, tls, peer };
  const client: ClientConnection = { ...common, ...(protocol && { protocol }) };
  const session = new Session(client, service);
  const { user, method, target, server: serverAddress, resolved, decision, attempts, serverTls } = written;
  sessionWriter.setUser(session, user);
  sessionWriter.setMethod(session, method);
  sessionWriter.setTarget(session, target);
  if (serverAddress !== undefined) sessionWriter.setServer(session, serverAddress, resolved, 'client');
  sessionWriter.setDecision(session, decision);
  if (serverTls !== undefined) sessionWriter.setServerTls(session, serverTls);
  if (attempts === true) {
    const refused = { family: 'inet', address: '127.0.0.1', port: 81 } as const;
    sessionWriter.addAttempt(session, { address: refused, duration: 1.23456, error: 'connection_refused' });
    sessionWriter.addAttempt(session, { address: { family: 'inet6', address: '::1', port: 80 }, duration: 2 });
  }
  const numbers = { status: 200, bytesIn: 0, bytesOut: 12, duration: 4.25678, wait: 2.5 };
  return {
    session,
    kind: 'request',
    url: 'http://a/',
    reused: false,
    aborted: false,
    error: undefined,
    ...numbers,
    ...change,
  };
}
