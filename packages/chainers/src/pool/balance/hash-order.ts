import type { Candidate } from './balancer.ts';

/** The order in which candidates are asked to take what has one hash. */
export interface HashOrder<C extends Candidate> {
  /** The first of the order for which `isAllowed` holds. */
  first(hash: number, isAllowed: (candidate: C) => boolean): C | undefined;
}
