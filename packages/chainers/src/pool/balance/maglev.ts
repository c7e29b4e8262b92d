import type { Candidate } from './balancer.ts';
import { hashPair, hashText } from './hash32.ts';
import type { HashOrder } from './hash-order.ts';

/** Primes. A table with a hundred places for each candidate has shares that are right within a hundredth. */
const SIZES = [65_537, 655_373] as const;
const PLACES_EACH = 100;
/** Places that are looked at before all candidates are, one by one. */
const PROBES = 32;

/**
 * A table of places, of which each candidate has taken its share in the order of its own permutation (Maglev, Eisenbud 2016). A pick is one
 * look at the table, however many candidates there are.
 */
export class Maglev<C extends Candidate> implements HashOrder<C> {
  readonly #candidates: readonly C[];
  readonly #table: Uint16Array;

  constructor(candidates: readonly C[]) {
    this.#candidates = candidates;
    const size = SIZES.find((each) => each >= candidates.length * PLACES_EACH) ?? SIZES[1];
    this.#table = fill(candidates, size);
  }

  first(hash: number, isAllowed: (candidate: C) => boolean): C | undefined {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const place = (probe === 0 ? hash : hashPair(hash, probe)) % this.#table.length;
      const candidate = this.#candidates[this.#table[place] ?? 0];
      if (candidate !== undefined && isAllowed(candidate)) return candidate;
    }
    const { length } = this.#candidates;
    for (let step = 0; step < length; step += 1) {
      const candidate = this.#candidates[(hash + step) % length];
      if (candidate !== undefined && isAllowed(candidate)) return candidate;
    }
    return undefined;
  }
}

/** No candidate has this number: there are fewer. */
const EMPTY = 0xffff;

/** Candidates take turns; with less than the highest weight, only in that share of the turns. */
function fill(candidates: readonly Candidate[], size: number): Uint16Array {
  const table = new Uint16Array(size).fill(EMPTY);
  const highest = candidates.reduce((most, { weight }) => Math.max(most, weight), 0);
  const permutations = candidates.map(({ id, weight }) => {
    const skip = (hashText(id, 2) % (size - 1)) + 1;
    return { at: hashText(id, 1) % size, skip, share: weight / highest, due: 0 };
  });
  let taken = 0;
  while (taken < size && permutations.length > 0) {
    for (const [index, own] of permutations.entries()) {
      own.due += own.share;
      if (own.due < 1 || taken === size) continue;
      own.due -= 1;
      while (table[own.at] !== EMPTY) own.at = (own.at + own.skip) % size;
      table[own.at] = index;
      taken += 1;
    }
  }
  return table;
}
