import type { Session } from '../session/session.ts';

/** What an operator wants of a server. `drain`: it gets no new sessions. `down`: the same, and those that it has are ended. */
export type ServerOrder = 'drain' | 'down';

/** One server of a {@link ChainerPool}, as this process knows it. */
export interface PoolServer {
  /** As the configuration has it: `192.0.2.1:80`, `app.example:8080`, `unix:/run/app.sock`. Unique in its pool. */
  readonly address: string;
  /** `down`: it has failed, and gets no sessions while another server is up. */
  readonly state: 'up' | 'down';
  /** What it failed with; undefined while it is up. */
  readonly why: string | undefined;
  /** When it failed, and when it is tried again: milliseconds as of `Date.now`. Undefined while it is up. */
  readonly since: number | undefined;
  readonly nextCheck: number | undefined;
  /** What an operator has ordered, whatever its state is. */
  readonly order: ServerOrder | undefined;
  /** While it is down: whether another worker of the machine has found that out, and told this one. */
  readonly isHeard?: boolean;
}

/** A server when one is to be chosen for a session. */
export interface PoolCandidate {
  readonly address: string;
  /** Its share of the sessions now, beside those of others. */
  readonly weight: number;
  /** Sessions that it has now. */
  readonly sessions: number;
  /** One sentence that says why it cannot be chosen; undefined if it can. */
  readonly passedOver: string | undefined;
}

/** Which server a session would get. */
export interface PoolExplanation {
  readonly candidates: readonly PoolCandidate[];
  /** The address of the one that would be chosen; undefined if none can be. */
  readonly picked: string | undefined;
  /** Why that one, in a clause: `the one with fewer sessions of two that were drawn by weight`. */
  readonly because: string;
}

/**
 * The servers among which a chainer chooses, as an operator sees and steers them. Whatever chooses servers implements it, and pays
 * for it only when it is used. A server with an order is never chosen, also if there is no other one.
 */
export interface ChainerPool {
  /** Whether the instance is to get no clients while none of its servers can have a session. */
  readonly isRequired?: boolean;
  /** Sessions that wait for room at a server now. Undefined where none ever wait. */
  readonly queued?: number;
  /** Each server once, in the order of the configuration. */
  servers(): readonly PoolServer[];
  /** The address of the server that the session was given last, if that was this pool. Counting its sessions is not up to the pool. */
  serverOf(session: Session): string | undefined;
  /** Takes a server out, or, by undefined, back in; then it is up, whatever it failed with. Returns false if there is no such server. */
  order(address: string, order: ServerOrder | undefined): boolean;
  /** Which server a session would get, without giving it one. Undefined while the servers are not known. */
  explain?(session: Session): PoolExplanation | undefined;
}
