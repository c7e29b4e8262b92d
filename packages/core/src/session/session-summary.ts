import type { HostPort, SockAddr } from '../base/address.ts';
import { AccessDeniedError, type ProxyError, type ProxyErrorCode } from '../base/errors.ts';
import type { SessionRecord } from './session-record.ts';
import type { Session } from './session.ts';

/**
 * What became of a session, for an auditor:
 * - `accepted`: it was let through and came to its end, whatever the server answered; or the proxy answered it by itself.
 * - `denied-by-policy`: it was refused, by a rule, a default, a limit, the lack of a route, or because the request breaks
 *   the rules of HTTP. No server got to see anything of it.
 * - `connection-failed`: nothing forbids it, but no server connection came about.
 * - `aborted`: it had begun, or was about to, and did not come to its end: the client went away or was too slow, the
 *   server broke off or sent what is no response, a time limit ran out.
 */
export type Verdict = 'accepted' | 'denied-by-policy' | 'connection-failed' | 'aborted';

/** Who wanted what, where it went, and what became of it. */
export interface SessionSummary {
  /** Unique in this process. */
  readonly session: number;
  readonly kind: SessionRecord['kind'];
  readonly who: {
    readonly address: SockAddr;
    /** The most specific zone that holds the address. */
    readonly zone: string;
    readonly user: string | undefined;
  };
  readonly what: {
    readonly service: string;
    /** Its place in the configuration; undefined when none was chosen. */
    readonly route: string | undefined;
    /** The rule, limit or list that decided, by its place in the configuration, or the default; undefined when none did. */
    readonly rule: string | undefined;
    readonly method: string | undefined;
    /** As the client wrote it. */
    readonly url: string | undefined;
  };
  readonly where: {
    /** What the client asked for; undefined when it was not understood. */
    readonly asked: HostPort | undefined;
    /** What that, or what the operator wrote instead, is as an address; undefined when it did not come so far. */
    readonly resolved: SockAddr | undefined;
    /** What address translation made of `resolved`; undefined when it changed nothing. */
    readonly translated: SockAddr | undefined;
    /** The most specific zone of the address that policy evaluated. */
    readonly zone: string | undefined;
  };
  readonly verdict: Verdict;
  /** One sentence. */
  readonly why: string;
  readonly times: {
    readonly begun: Date;
    readonly ended: Date;
    /** Milliseconds from the request head to the end, and to the first byte from the server. */
    readonly duration: number;
    readonly wait: number | undefined;
  };
  /** What was mended in the answer of the server, by the names of docs/logging.md; empty for nothing. */
  readonly repaired: readonly string[];
  /** Bytes of content, or of the tunnel, from and to the client. */
  readonly bytes: { readonly in: number; readonly out: number };
}

/** The summary of a session that is over; to be made when its listener hears of it, so that `now` is its end. */
export function summarise(record: SessionRecord, now = new Date()): SessionSummary {
  const { session, kind, url, duration, wait, bytesIn, bytesOut } = record;
  const { client, service, user, route, method, target, serverAddress, resolvedAddress } = session;
  return {
    session: session.id,
    kind,
    who: { address: client.address, zone: clientZone(record), user },
    what: { service: service.name, route: route?.name, rule: ruleOf(record), method, url },
    where: {
      asked: target,
      resolved: resolvedAddress ?? serverAddress,
      translated: resolvedAddress === undefined ? undefined : serverAddress,
      zone: serverZone(record),
    },
    verdict: verdictOf(record),
    why: reasonOf(record),
    times: { begun: new Date(now.getTime() - duration), ended: now, duration, wait },
    repaired: record.repaired ?? [],
    bytes: { in: bytesIn, out: bytesOut },
  };
}

type Material = Pick<SessionRecord, 'session' | 'error' | 'aborted'>;

export function verdictOf({ session, error, aborted }: Material): Verdict {
  if (error === undefined) return aborted ? 'aborted' : 'accepted';
  if (isRefusal(error, session.connected)) return 'denied-by-policy';
  // A slow client is none that was refused.
  const isBroken = session.connected || aborted || error.code === 'http_request_error';
  return isBroken ? 'aborted' : 'connection-failed';
}

/** Whether it was we who did not want it, and a server had not begun to serve it. */
function isRefusal(error: ProxyError, connected: boolean): boolean {
  if (error instanceof AccessDeniedError) return true;
  if (connected) return false;
  if (error.code === 'http_request_error') return error.status !== 408;
  if (error.setting?.startsWith('limits.') === true) return true;
  return REFUSALS.has(error.code);
}

/** Whoever throws them, a plugin included: each says that it was not wanted. */
const REFUSALS: ReadonlySet<ProxyErrorCode> = new Set([
  'destination_ip_prohibited',
  'destination_not_found',
  'http_request_denied',
  'proxy_loop_detected',
]);

/** The rule that decided, whether it denied or let through. */
export function ruleOf({ session, error }: Pick<Material, 'session' | 'error'>): string | undefined {
  if (error instanceof AccessDeniedError) return error.rule;
  if (error?.code === 'destination_not_found') return error.setting;
  // A rule that lets its address through is not what decided.
  if (error !== undefined && isRefusal(error, session.connected)) return refusalSetting(session, error);
  const { decision } = session;
  // Of several addresses of a name one may have been denied while it was another that could not be reached.
  return decision?.verdict === 'allow' ? decision.rule : undefined;
}

/** A limit of the service, `http.maxBody`, or of the whole proxy, `limits.connections`; the whole path. */
function refusalSetting({ service, route }: Session, { setting }: ProxyError): string | undefined {
  if (setting === undefined || /^(?:services|limits)\./.test(setting)) return setting;
  if (setting.startsWith('chainer.')) return route && `${route.name}.${setting}`;
  return `services.${service.name}.${setting}`;
}

/** Why the verdict is what it is, in one sentence. */
export function reasonOf({ session, error, aborted }: Material): string {
  if (error !== undefined) return error.message;
  if (aborted) return 'The client went away before the end.';
  if (session.decision !== undefined) return session.decision.reason;
  return session.connected ? 'Nothing denies it.' : 'The proxy answered it by itself.';
}

/** The most specific zone of the client. */
export function clientZone({ session }: Pick<SessionRecord, 'session'>): string {
  return session.service.policy.zoneOf(session.client.address, 'client');
}

/** The most specific zone of the address that policy evaluated, if it came so far. */
export function serverZone({ session }: Pick<SessionRecord, 'session'>): string | undefined {
  const { serverAddress } = session;
  return serverAddress && session.service.policy.zoneOf(serverAddress, 'server');
}
