/** Several numbers as one: the middle one, and the extremes that show how far to believe it. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many numbers it stands for. */
  readonly count: number;
}

/** The median of `numbers`: of an even count the mean of the middle two. */
export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError('no numbers to take the median of');
  const sorted = numbers.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  const high = sorted[upper] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[upper - 1] ?? Number.NaN) + high) / 2;
}

/** The smallest of `numbers` that at least `percent` of a hundred of them do not exceed (nearest rank). */
export function percentile(numbers: readonly number[], percent: number): number {
  if (numbers.length === 0) throw new RangeError('no numbers to take a percentile of');
  const sorted = numbers.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle half of `numbers`: what a quarter of them is below, and what a quarter is above. */
export function middleHalf(numbers: readonly number[]): readonly [lower: number, upper: number] {
  return [percentile(numbers, 25), percentile(numbers, 75)];
}

/** The spread of `numbers`; undefined when there are none. */
export function spread(numbers: readonly number[]): Spread | undefined {
  if (numbers.length === 0) return undefined;
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers), count: numbers.length };
}

/**
 * The ratios of two series of rounds, each taken within one round, where both were measured minutes apart at most. A
 * round that lacks either, or in which the divisor is 0, gives none.
 */
export function ratiosByRound(
  dividends: ReadonlyMap<number, number>,
  divisors: ReadonlyMap<number, number>,
): Map<number, number> {
  const ratios = new Map<number, number>();
  for (const [round, dividend] of dividends) {
    const divisor = divisors.get(round);
    if (divisor !== undefined && divisor > 0) ratios.set(round, dividend / divisor);
  }
  return ratios;
}
