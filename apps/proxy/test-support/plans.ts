import { parseConfig } from '../src/config/parse-config.ts';
import { formatPath, isRecord } from '../src/config/problem/problem.ts';
import { planOf } from '../src/run/plan/plan.ts';
import type { Plan, Planned } from '../src/run/plan/planned.ts';

/** The plan of a configuration, as a program would give it. */
export async function planFor(value: unknown, baseDirectory = '/'): Promise<Plan> {
  return planOf(await parseConfig({ value, baseDirectory }));
}

/** Everything planned, by its kind and place (`route services.web.routes[0]`). */
export function byPlace(plan: Plan): ReadonlyMap<string, Planned> {
  return new Map(plan.all.map((planned) => [`${planned.kind} ${formatPath(planned.path)}`, planned]));
}

/** The hashes of a plan by place. */
export function hashes(plan: Plan): Record<string, string> {
  return Object.fromEntries([...byPlace(plan)].map(([place, { hash }]) => [place, hash]));
}

/** The places at which two plans differ: what is another thing, and what only one of them has. */
export function differences(one: Plan, other: Plan): string[] {
  const [before, after] = [hashes(one), hashes(other)];
  const places = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...places].filter((place) => before[place] !== after[place]).toSorted();
}

/** The hashes of all that a value refers to. */
export function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (!isRecord(value)) return [];
  const own = typeof value.hash === 'string' && typeof value.kind === 'string' ? [value.hash] : [];
  return [...own, ...Object.values(value).flatMap(refsIn)];
}
