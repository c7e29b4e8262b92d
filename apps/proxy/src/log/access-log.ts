import {
  type Attempt,
  clientZone,
  formatHostPort,
  formatSockAddr,
  type HostPort,
  reasonOf,
  ruleOf,
  serverZone,
  type Session,
  type SessionRecord,
  verdictOf,
} from '@inband/core';

/** The fields that all sessions on one route have in common. */
export function routeFields({ service, route }: Pick<Session, 'service' | 'route'>): Record<string, unknown> {
  return { service: service.name, route: route?.name, chainer: route?.chainer.kind };
}

/** What the client asked for; undefined where it named no host, as HTTP/1.0 may do at a reverse proxy. */
export function askedText(target: HostPort | undefined): string | undefined {
  return target === undefined || target.host === '' ? undefined : formatHostPort(target);
}

/**
 * The fields of one access line, flat but for the attempts. What is not known is left out. Everything is a value of
 * its own: text that a client controls never becomes a key or part of another field.
 */
export function accessFields(record: SessionRecord): Record<string, unknown> {
  const { session, error } = record;
  const { serverAddress, resolvedAddress } = session;
  const server = serverAddress && formatSockAddr(serverAddress);
  const verdict = verdictOf(record);
  return {
    ...routeFields(session),
    session: session.id,
    parent: session.parent?.id,
    client: formatSockAddr(session.client.address),
    clientZone: clientZone(record),
    user: session.user,
    method: session.method,
    target: record.url,
    asked: askedText(session.target),
    server,
    serverZone: serverZone(record),
    resolved: resolvedAddress && formatSockAddr(resolvedAddress),
    translated: resolvedAddress && server,
    verdict,
    rule: ruleOf(record),
    // The rule says why something was let through.
    why: verdict === 'accepted' ? undefined : reasonOf(record),
    reused: record.reused,
    attempts: session.attempts?.map(attemptFields),
    status: record.status,
    repaired: record.repaired,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    aborted: record.aborted || undefined,
    ms: milliseconds(record.duration),
    waitMs: record.wait === undefined ? undefined : milliseconds(record.wait),
    error: error?.code,
  };
}

export function attemptFields({ address, duration, error }: Attempt): Record<string, unknown> {
  return { server: formatSockAddr(address), ms: milliseconds(duration), error };
}

/** To a hundredth: more is noise. */
function milliseconds(duration: number): number {
  return Math.round(duration * 100) / 100;
}
