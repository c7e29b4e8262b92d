import { type ProxyError, toProxyError } from '../../base/errors.ts';
import { sessionChannel } from '../../diagnostics/channels.ts';
import { errorFacts } from '../../diagnostics/error-facts.ts';
import type { Logger } from '../../base/logger.ts';
import { isPromise } from '../../base/maybe-promise.ts';
import type { SessionRoute } from '../session-view.ts';
import { wasAnnounced } from '../announce-session.ts';
import type { SessionListener, SessionRecord } from './session-record.ts';
import type { Session } from '../session.ts';
import { ruleOf, verdictOf } from './session-summary.ts';
import { combineListeners, SessionListenerSlot } from './session-listeners.ts';
import { type ProxyEnd, blameStop } from './stopped-proxy.ts';

/**
 * The listener to call at the end of a session: `listener`, and the publisher for `inband:session` while that has subscribers.
 * Undefined while there is neither; then no record need be made.
 */
export class SessionEnds {
  readonly #slot: SessionListenerSlot;
  readonly #own: SessionListener | undefined;
  readonly #logger: Logger;
  readonly #end: ProxyEnd;
  /** The listener that `#usual` and `#diagnosed` are made of. */
  #of: SessionListener | undefined = undefined;
  #usual: SessionListener | undefined = undefined;
  #diagnosed: SessionListener | undefined = undefined;

  /** `own`: a listener of the service, which is called whatever the other one is. */
  constructor(
    listener: SessionListener | SessionListenerSlot | undefined,
    logger: Logger,
    end: ProxyEnd,
    own?: SessionListener,
  ) {
    this.#own = own;
    this.#slot = listener instanceof SessionListenerSlot ? listener : new SessionListenerSlot(listener);
    this.#logger = logger;
    this.#end = end;
    this.#combine(this.#slot.listener);
  }

  get listener(): SessionListener | undefined {
    if (this.#slot.listener !== this.#of) this.#combine(this.#slot.listener);
    return sessionChannel.hasSubscribers ? this.#diagnosed : this.#usual;
  }

  #combine(listener: SessionListener | undefined): void {
    this.#of = listener;
    this.#usual = blameStop(combineListeners([listener, this.#own], this.#logger), this.#end);
    this.#diagnosed = blameStop(combineListeners([listener, this.#own, publishEnd], this.#logger), this.#end);
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

/**
 * Tells the chainer of a session how it ended. To be called once by whatever serves the session. What the chainer throws is a warning: its
 * client has yet to hear of the end.
 */
export function tellChainer(
  session: Session,
  status: number,
  wait: number | undefined,
  error: ProxyError | undefined,
  reused: boolean,
): void {
  const { route } = session;
  if (route?.chainer.sessionEnded === undefined) return;
  const { chainer } = route;
  try {
    // The type allows an async function.
    const result: unknown = route.chainer.sessionEnded(session, { status, wait, error, reused });
    if (isPromise(result)) result.catch((thrown: unknown) => warnOf(chainer, thrown));
  } catch (thrown) {
    warnOf(chainer, thrown);
  }
}

type Ended = SessionRoute['chainer'];

const warnedOf = new WeakSet<Ended>();

/** Once of each chainer, because it may do so for each request. */
function warnOf(chainer: Ended, thrown: unknown): void {
  if (warnedOf.has(chainer)) return;
  warnedOf.add(chainer);
  const { message } = toProxyError(thrown);
  process.emitWarning(`sessionEnded of the chainer "${chainer.kind}" threw: ${message}`, 'InbandWarning');
}
