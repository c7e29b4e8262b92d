import type { HostPort, SockAddr } from '../base/address.ts';
import type { MetConditions } from '../conditions/request-condition.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import type { RequestView } from './request-view.ts';
import type { ServerTlsFacts } from './server-tls-facts.ts';
import type { Attempt } from './session-outcome.ts';
import type { Chooser, SessionRoute, SessionView } from './session-view.ts';

/**
 * The writing side of a session, for core and the protocol proxies: see the properties of {@link SessionView}. The entry of
 * the package `inband` does not export it, so that a plugin cannot change what policy decided and the audit log says. `S` is
 * the class `Session`, which implements this beside its private fields.
 */
export interface SessionWriter<S extends SessionView> {
  setTarget(session: S, target: HostPort | undefined): void;
  setMethod(session: S, method: string | undefined): void;
  /** For the step that authenticates the client. */
  setUser(session: S, user: string | undefined, groups?: readonly string[]): void;
  /** For the step that looks at the request for rules and routes. */
  setMet(session: S, met: MetConditions): void;
  setRoute(session: S, route: SessionRoute): void;
  /** `resolved` is the address before translation where that changed it, else undefined. */
  setServer(session: S, address: SockAddr, resolved: SockAddr | undefined, chosenBy: Chooser | undefined): void;
  /** Has a session say of its server what one of `besideSession` says, whose server has answered. */
  takeServerOf(session: S, beside: S): void;
  setDecision(session: S, decision: AccessDecision | undefined): void;
  setConnected(session: S, connected: boolean): void;
  setServerTls(session: S, facts: ServerTlsFacts | undefined): void;
  /** Milliseconds, see {@link SessionView.maxIdleTime}. */
  limitIdleTime(session: S, milliseconds: number): void;
  addAttempt(session: S, attempt: Attempt): void;
  setRequest(session: S, request: RequestView | undefined): void;
  /** Sets `aborted` and calls the listeners, once. What they throw is a warning. */
  abort(session: S): void;
}
