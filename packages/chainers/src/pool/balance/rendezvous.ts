import type { Candidate } from './balancer.ts';
import { hashText, mix } from './hash32.ts';
import type { HashOrder } from './hash-order.ts';

/**
 * Rendezvous hashing (Thaler and Ravishankar 1998), by weights: each candidate has a score for each hash, and the highest is the first. Exact:
 * a candidate that comes or goes moves only what it gets or had. It looks at all candidates for each pick.
 */
export class Rendezvous<C extends Candidate> implements HashOrder<C> {
  readonly #candidates: readonly C[];
  readonly #ids: Uint32Array;
  /** Then the score is the hash of both, because -weight / log grows with that. */
  readonly #isEven: boolean;

  constructor(candidates: readonly C[]) {
    this.#candidates = candidates;
    this.#ids = Uint32Array.from(candidates, ({ id }) => hashText(id));
    const [first] = candidates;
    this.#isEven = candidates.every(({ weight }) => weight === first?.weight);
  }

  first(hash: number, isAllowed: (candidate: C) => boolean): C | undefined {
    const [candidates, ids, isEven] = [this.#candidates, this.#ids, this.#isEven];
    let best: C | undefined;
    let highest = -Infinity;
    for (let index = 0; index < candidates.length; index += 1) {
      const candidate = candidates[index];
      if (candidate === undefined) break;
      const both = mix((ids[index] ?? 0) ^ hash);
      const score = isEven ? both : -candidate.weight / Math.log((both + 0.5) / 2 ** 32);
      if (score > highest && isAllowed(candidate)) {
        best = candidate;
        highest = score;
      }
    }
    return best;
  }
}
