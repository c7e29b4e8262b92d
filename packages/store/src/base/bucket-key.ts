import type { Rate } from '@inband/core';

/** The name of a bucket: debts at different rates cannot be compared, so each rate has a bucket of its own. */
export function bucketKey(key: string, { amount, per, burst }: Rate): string {
  return `${amount}/${per}/${burst}/${key}`;
}
