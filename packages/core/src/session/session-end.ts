import { sessionChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import type { Logger } from '../base/logger.ts';
import { wasAnnounced } from './announce-session.ts';
import type { SessionListener, SessionRecord } from './session-record.ts';
import { ruleOf, verdictOf } from './session-summary.ts';
import { sessionTeller } from './session-teller.ts';
import { type ProxyEnd, tellingOfStops } from './stopped-proxy.ts';

/**
 * Says who hears of sessions at their end, now: `listener`, and whoever subscribes to `inband:session`. Undefined while that is
 * nobody: then nothing need be gathered.
 */
export class SessionEnds {
  readonly #usual: SessionListener | undefined;
  readonly #diagnosed: SessionListener | undefined;

  constructor(listener: SessionListener | undefined, logger: Logger, end: ProxyEnd) {
    this.#usual = tellingOfStops(sessionTeller([listener], logger), end);
    this.#diagnosed = tellingOfStops(sessionTeller([listener, publishEnd], logger), end);
  }

  get listener(): SessionListener | undefined {
    return sessionChannel.hasSubscribers ? this.#diagnosed : this.#usual;
  }
}

/** Of a session that began before anybody subscribed not everything was gathered. */
function publishEnd(record: SessionRecord): void {
  const { session, error } = record;
  if (!wasAnnounced(session)) return;
  const { kind, status, bytesIn, bytesOut, duration: milliseconds, wait, reused, aborted } = record;
  sessionChannel.publish({
    event: 'ended',
    session: session.id,
    kind,
    verdict: verdictOf(record),
    rule: ruleOf(record),
    status,
    bytesIn,
    bytesOut,
    milliseconds,
    wait,
    reused,
    aborted,
    error: error && errorFacts(error),
  });
}
