/** A server that may be picked. */
export interface Candidate {
  /** Identifies the server over restarts and instances: what is hashed. */
  readonly id: string;
  /** Its share, above 0. Lower than configured while it starts slowly; then {@link Balancer.update} is called again. */
  readonly weight: number;
  /** Sessions that it has now. */
  readonly inFlight: number;
}

/** What one pick depends on, besides the candidates. An object that the caller may use for the next pick. */
export interface PickQuery<C> {
  /** A hash of 32 bits of what the session is to stay with; only for balancers by hash. */
  readonly hash: number;
  /** Sessions of all candidates now. */
  readonly inFlight: number;
  /** The server to which the client has an idle connection of its own. Known only to balancers that look at it. */
  readonly own?: C | undefined;
  /** Whether a candidate is out of the question for this session, because it has failed it or is full. */
  isExcluded(candidate: C): boolean;
}

/** Picks a server for each session. It knows no health: it gets the servers that may be picked. */
export interface Balancer<C extends Candidate> {
  /** Whether it looks at {@link PickQuery.own}. */
  readonly looksAtOwn?: boolean;
  /** The candidates from now on. Called at the beginning, and when one of them came, went, or has another weight. */
  update(candidates: readonly C[]): void;
  /** The sessions of a candidate are more or fewer than before. Without it the balancer does not need to know. */
  changed?(candidate: C): void;
  /** A candidate that is not excluded, or undefined if all are. */
  pick(pick: PickQuery<C>): C | undefined;
}

/** From 0 to below 1, as `Math.random`. */
export type Random = () => number;
