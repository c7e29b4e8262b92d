import {
  type Attempt,
  clientZone,
  type ClientTls,
  formatHostPort,
  formatSockAddr,
  type HostPort,
  reasonOf,
  requestId,
  ruleOf,
  serverZone,
  type Session,
  type ServerTlsFacts,
  type SessionRecord,
  verdictOf,
} from '@inband/core';
import { milliseconds } from './values/short-numbers.ts';

/** Every key of an access line, in the order of docs/logging.md. */
export const ACCESS_KEYS = [
  'level',
  'time',
  'pid',
  'msg',
  'id',
  'session',
  'parent',
  'client',
  'clientZone',
  'peer',
  'user',
  'tls',
  'cipher',
  'serverName',
  'alpn',
  'resumed',
  'service',
  'route',
  'chainer',
  'rule',
  'protocol',
  'method',
  'target',
  'asked',
  'server',
  'serverZone',
  'resolved',
  'translated',
  'serverTls',
  'reused',
  'attempts',
  'verdict',
  'why',
  'error',
  'status',
  'repaired',
  'retries',
  'aborted',
  'bytesIn',
  'bytesOut',
  'ms',
  'waitMs',
] as const;

/** The fields that all sessions of a route share. */
export function routeFields({ service, route }: Pick<Session, 'service' | 'route'>): Record<string, unknown> {
  return { service: service.name, route: route?.name, chainer: route?.chainer.kind };
}

/** The target as text. Undefined when the client named no host, as an HTTP/1.0 client of a reverse proxy may do. */
export function askedText(target: HostPort | undefined): string | undefined {
  return target === undefined || target.host === '' ? undefined : formatHostPort(target);
}

/** What TLS with the client made. */
export function tlsFields(tls: ClientTls | undefined): Record<string, unknown> | undefined {
  return (
    tls && { tls: tls.version, cipher: tls.cipher, serverName: tls.serverName, alpn: tls.alpn, resumed: tls.resumed }
  );
}

/**
 * The fields of one access line, flat but for the attempts and TLS. Unknown fields are left out. Text that a client controls is
 * always a whole value, and never a key or a part of another field.
 */
export function accessFields(record: SessionRecord): Record<string, unknown> {
  const { session, error } = record;
  const { serverAddress, resolvedAddress } = session;
  const server = serverAddress && formatSockAddr(serverAddress);
  const verdict = verdictOf(record);
  return {
    ...routeFields(session),
    id: requestId(session),
    session: session.id,
    parent: session.parent?.id,
    client: formatSockAddr(session.client.address),
    clientZone: clientZone(record),
    peer: session.client.peer && formatSockAddr(session.client.peer),
    user: session.user,
    ...tlsFields(session.tls),
    protocol: session.client.protocol,
    method: session.method,
    target: record.url,
    asked: askedText(session.target),
    server,
    serverZone: serverZone(record),
    resolved: resolvedAddress && formatSockAddr(resolvedAddress),
    translated: resolvedAddress && server,
    serverTls: session.serverTls && serverTlsFields(session.serverTls),
    verdict,
    rule: ruleOf(record),
    // `rule` says why a session was accepted.
    why: verdict === 'accepted' ? undefined : reasonOf(record),
    reused: record.reused,
    attempts: session.attempts?.map(attemptFields),
    status: record.status,
    repaired: record.repaired,
    retries: record.retries,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    aborted: record.aborted || undefined,
    ms: milliseconds(record.duration),
    waitMs: record.wait === undefined ? undefined : milliseconds(record.wait),
    error: error?.code,
  };
}

/** What TLS with the server made; `resumed` only where it is so. */
export function serverTlsFields(facts: ServerTlsFacts): Record<string, unknown> {
  const { version, cipher, serverName, verified, resumed } = facts;
  return { version, cipher, name: serverName, verified, resumed: resumed || undefined };
}

export function attemptFields({ address, duration, error }: Attempt): Record<string, unknown> {
  return { server: formatSockAddr(address), ms: milliseconds(duration), error };
}
