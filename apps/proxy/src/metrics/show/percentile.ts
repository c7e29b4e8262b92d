import type { Family } from './snapshot.ts';

/** The counts of the buckets of a histogram over all its series. */
export function sumOfBuckets({ metric, samples }: Family): number[] {
  const sums: number[] = Array.from({ length: (metric.buckets?.length ?? 0) + 1 }, () => 0);
  for (const { values } of samples) {
    for (let bucket = 0; bucket < sums.length; bucket += 1) sums[bucket] = (sums[bucket] ?? 0) + (values[bucket] ?? 0);
  }
  return sums;
}

/**
 * The value below which `share` of the observations are, in milliseconds: within its bucket as if they lay evenly. Null where there are
 * none. Above the last bound it is that bound.
 */
export function percentile(counts: readonly number[], bounds: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  let left = total * share;
  for (const [bucket, count] of counts.entries()) {
    const bound = bounds[bucket];
    if (bound === undefined) break;
    if (left <= count && count > 0) {
      const below = bounds[bucket - 1] ?? 0;
      return (below + (bound - below) * (left / count)) * 1000;
    }
    left -= count;
  }
  return (bounds.at(-1) ?? 0) * 1000;
}
