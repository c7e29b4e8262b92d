import { type ConfigPath, isRecord } from '../problem/problem.ts';

/** A change of a configuration: null removes a key, a mapping changes keys, everything else takes the place of what there was. */
export type MergePatch = Readonly<Record<string, unknown>>;

/** `value` with a JSON merge patch applied (RFC 7396). Neither is changed. */
export function mergePatch(value: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = new Map(isRecord(value) ? Object.entries(value) : []);
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), change));
  }
  return Object.fromEntries(merged);
}

/** The leaves of a patch: what it sets or (null) removes, with their paths. An empty mapping is one. */
export function leavesOf(patch: MergePatch, path: ConfigPath = []): [path: ConfigPath, value: unknown][] {
  return Object.entries(patch).flatMap(([key, value]): [ConfigPath, unknown][] => {
    const at = [...path, key];
    return isRecord(value) && Object.keys(value).length > 0 ? leavesOf(value, at) : [[at, value]];
  });
}
