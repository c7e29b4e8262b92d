import { sessionChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import type { Logger } from '../base/logger.ts';
import { wasAnnounced } from './announce-session.ts';
import type { SessionListener, SessionRecord } from './session-record.ts';
import { ruleOf, verdictOf } from './session-summary.ts';
import { combineListeners } from './session-listeners.ts';
import { type ProxyEnd, blameStop } from './stopped-proxy.ts';

/**
 * The listener to call at the end of a session: `listener`, and the publisher for `inband:session` while that has subscribers.
 * Undefined while there is neither; then no record need be made.
 */
export class SessionEnds {
  readonly #usual: SessionListener | undefined;
  readonly #diagnosed: SessionListener | undefined;

  constructor(listener: SessionListener | undefined, logger: Logger, end: ProxyEnd) {
    this.#usual = blameStop(combineListeners([listener], logger), end);
    this.#diagnosed = blameStop(combineListeners([listener, publishEnd], logger), end);
  }

  get listener(): SessionListener | undefined {
    return sessionChannel.hasSubscribers ? this.#diagnosed : this.#usual;
  }
}

/** Ignores a session that started before there were subscribers, because its record is incomplete. */
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
