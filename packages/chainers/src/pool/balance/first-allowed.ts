import type { Candidate, PickQuery, Random } from './balancer.ts';

/** A candidate that is not excluded, from a random place on; for when draws met excluded ones only. Undefined if all are excluded. */
export function firstAllowed<C extends Candidate>(
  candidates: readonly C[],
  pick: PickQuery<C>,
  random: Random,
): C | undefined {
  const { length } = candidates;
  const start = Math.floor(random() * length);
  for (let step = 0; step < length; step += 1) {
    const candidate = candidates[(start + step) % length];
    if (candidate !== undefined && !pick.isExcluded(candidate)) return candidate;
  }
  return undefined;
}
