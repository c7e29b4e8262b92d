/** Decides how many of the `available` bytes (at least 1) are delivered next: 1 to `available`. */
export type Split = (available: number) => number;

/** All available bytes at once. */
export const whole: Split = (available) => available;

/** One byte at a time. */
export const byteByByte: Split = () => 1;

/** Pieces of any size, mostly small ones; the same ones for the same seed. */
export function pseudoRandom(seed: number): Split {
  let state = seed >>> 0;
  return (available) => {
    // A linear congruential generator (Numerical Recipes); its high bits are random enough for cutting bytes.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const limit = Math.min(available, 1 << (1 + (state >>> 28)));
    return 1 + ((state >>> 8) % limit);
  };
}
