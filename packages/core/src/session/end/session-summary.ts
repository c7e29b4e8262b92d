import type { HostPort, SockAddr } from '../../base/address.ts';
import { AccessDeniedError, LimitError, type ProxyError, type ProxyErrorCode } from '../../base/errors.ts';
import type { ClientTls } from '../../policy/client-tls.ts';
import type { ServerTlsFacts } from '../server-tls-facts.ts';
import type { RetryCause, SessionRecord } from './session-record.ts';
import type { Session } from '../session.ts';

/**
 * The outcome of a session, for an auditor:
 * - `accepted`: it was allowed and completed, whatever the server answered; or the proxy answered it by itself.
 * - `denied-by-policy`: it was refused by a rule, a default, a limit, the lack of a route, or because the request breaks
 *   the rules of HTTP. No server received anything of it.
 * - `connection-failed`: it was allowed, but no server connection could be made.
 * - `aborted`: it started, or was about to, and did not complete: the client closed the connection or was too slow, the
 *   server closed it or sent an invalid response, or a timeout expired.
 */
export type Verdict = 'accepted' | 'denied-by-policy' | 'connection-failed' | 'aborted';

/** Who asked for what, where it went, and the outcome. */
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
    /** Its path in the configuration; undefined when none was chosen. */
    readonly route: string | undefined;
    /** The path of the rule, limit or list that decided, or the name of a default; undefined when none did. */
    readonly rule: string | undefined;
    readonly method: string | undefined;
    /** As the client wrote it. */
    readonly url: string | undefined;
  };
  readonly where: {
    /** What the client asked for; undefined if it could not be parsed. */
    readonly asked: HostPort | undefined;
    /** The address of that, or of the server that the operator configured; undefined when none was resolved. */
    readonly resolved: SockAddr | undefined;
    /** The address after translation; undefined when `resolved` was not translated. */
    readonly translated: SockAddr | undefined;
    /** The most specific zone of the address that policy evaluated. */
    readonly zone: string | undefined;
  };
  /** What TLS made with the client, and with the server; undefined where there was none. */
  readonly tls: {
    /** In a stacked session that of the outermost client. */
    readonly client: Omit<ClientTls, 'covers'> | undefined;
    readonly server: ServerTlsFacts | undefined;
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
  /** The repairs of the server's response, by the names of docs/logging.md. */
  readonly repaired: readonly string[];
  /** Why the request was sent more than once; empty if it was not. */
  readonly retries: readonly RetryCause[];
  /** Bytes of content, or of the tunnel, from and to the client. */
  readonly bytes: { readonly in: number; readonly out: number };
}

/** The summary of a session that has ended. Made in its listener, so that `now` is the end. */
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
    tls: { client: session.tls, server: session.serverTls },
    verdict: verdictOf(record),
    why: reasonOf(record),
    times: { begun: new Date(now.getTime() - duration), ended: now, duration, wait },
    repaired: record.repaired ?? [],
    retries: record.retries ?? [],
    bytes: { in: bytesIn, out: bytesOut },
  };
}

type Outcome = Pick<SessionRecord, 'session' | 'error' | 'aborted'>;

export function verdictOf({ session, error, aborted }: Outcome): Verdict {
  if (error === undefined) return aborted ? 'aborted' : 'accepted';
  if (isRefusal(error, session.connected)) return 'denied-by-policy';
  // A client that is too slow (408) was not refused.
  const isBroken = session.connected || aborted || error.code === 'http_request_error';
  return isBroken ? 'aborted' : 'connection-failed';
}

/** Whether the proxy refused the session before a server received anything of it. */
function isRefusal(error: ProxyError, connected: boolean): boolean {
  if (error instanceof AccessDeniedError || error instanceof LimitError) return true;
  if (connected) return false;
  if (error.code === 'http_request_error') return error.status !== 408;
  if (error.setting?.startsWith('limits.') === true) return true;
  return REFUSALS.has(error.code);
}

/** The codes that mean a refusal, whoever throws them. */
const REFUSALS: ReadonlySet<ProxyErrorCode> = new Set([
  'destination_ip_prohibited',
  'destination_not_found',
  'http_request_denied',
  'proxy_loop_detected',
]);

/** The rule that decided, whether it denied or let through. */
export function ruleOf({ session, error }: Pick<Outcome, 'session' | 'error'>): string | undefined {
  if (error instanceof AccessDeniedError) return error.rule;
  if (error?.code === 'destination_not_found') return error.setting;
  // A rule that allowed the address did not decide a refusal.
  if (error !== undefined && isRefusal(error, session.connected)) return refusalSetting(session, error);
  const { decision } = session;
  // A name may have several addresses: one was denied, and another could not be reached.
  return decision?.verdict === 'allow' ? decision.rule : undefined;
}

/** The whole path of a setting of the service (`http.maxBody`) or of the proxy (`limits.connections`). */
function refusalSetting({ service, route }: Session, { setting }: ProxyError): string | undefined {
  if (setting === undefined || /^(?:services|limits)\./.test(setting)) return setting;
  if (/^chainer\b/.test(setting)) return route && `${route.name}.${setting}`;
  return `services.${service.name}.${setting}`;
}

/** The reason for the verdict, in one sentence. */
export function reasonOf({ session, error, aborted }: Outcome): string {
  if (error !== undefined) return error.message;
  if (aborted) return 'The client went away before the end.';
  if (session.decision !== undefined) return session.decision.reason;
  return session.connected ? 'Nothing denies it.' : 'The proxy answered it by itself.';
}

/** The most specific zone of the client. */
export function clientZone({ session }: Pick<SessionRecord, 'session'>): string {
  return session.service.policy.zoneOf(session.client.address, 'client');
}

/** The most specific zone of the address that policy evaluated, if there was one. */
export function serverZone({ session }: Pick<SessionRecord, 'session'>): string | undefined {
  const { serverAddress } = session;
  return serverAddress && session.service.policy.zoneOf(serverAddress, 'server');
}
