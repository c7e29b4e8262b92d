import type { Candidate } from './balancer.ts';
import { hashPair, hashText } from './hash32.ts';
import type { HashOrder } from './hash-order.ts';

/**
 * Rendezvous hashing (Thaler and Ravishankar 1998), by weights: each candidate has a score for each hash, and the highest is the first. Exact:
 * a candidate that comes or goes moves only what it gets or had. It looks at all candidates for each pick.
 */
export class Rendezvous<C extends Candidate> implements HashOrder<C> {
  readonly #candidates: readonly C[];
  readonly #ids: Uint32Array;

  constructor(candidates: readonly C[]) {
    this.#candidates = candidates;
    this.#ids = Uint32Array.from(candidates, ({ id }) => hashText(id));
  }

  first(hash: number, isAllowed: (candidate: C) => boolean): C | undefined {
    let best: C | undefined;
    let highest = -Infinity;
    for (const [index, candidate] of this.#candidates.entries()) {
      const uniform = (hashPair(this.#ids[index] ?? 0, hash) + 0.5) / 2 ** 32;
      const score = -candidate.weight / Math.log(uniform);
      if (score > highest && isAllowed(candidate)) {
        best = candidate;
        highest = score;
      }
    }
    return best;
  }
}
