import type { Candidate, Random } from './balancer.ts';

/**
 * Draws candidates with a probability in proportion to their weights, in constant time, by an alias table (Walker 1977, Vose 1991): the
 * weights are cut into cells of equal size, so that each cell is shared by two candidates at most.
 */
export class WeightedDraw<C extends Candidate> {
  #candidates: readonly C[] = [];
  /** The part of cell `i` that is candidate `i`'s. The rest of the cell belongs to `#alias[i]`. */
  #own = new Float64Array(0);
  #alias = new Uint32Array(0);
  /** Equal weights need no second number. */
  #isEven = true;

  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    const [first] = candidates;
    this.#isEven = candidates.every(({ weight }) => weight === first?.weight);
    if (!this.#isEven) this.#fill(candidates);
  }

  #fill(candidates: readonly C[]): void {
    const { length } = candidates;
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    const left = Float64Array.from(candidates, ({ weight }) => (weight * length) / total);
    this.#own = new Float64Array(length).fill(1);
    this.#alias = Uint32Array.from(candidates, (_, index) => index);
    const small: number[] = [];
    const large: number[] = [];
    for (const [index, share] of left.entries()) (share < 1 ? small : large).push(index);
    while (small.length > 0 && large.length > 0) {
      const less = small.pop() ?? 0;
      const more = large.at(-1) ?? 0;
      this.#own[less] = left[less] ?? 1;
      this.#alias[less] = more;
      const rest = (left[more] ?? 1) - (1 - (left[less] ?? 1));
      left[more] = rest;
      if (rest < 1) {
        large.pop();
        small.push(more);
      }
    }
  }

  /** Undefined if there is no candidate. */
  draw(random: Random): C | undefined {
    const at = random() * this.#candidates.length;
    const cell = Math.floor(at);
    if (this.#isEven) return this.#candidates[cell];
    const isOwn = at - cell < (this.#own[cell] ?? 1);
    return this.#candidates[isOwn ? cell : (this.#alias[cell] ?? cell)];
  }
}
