import { type ConfigPath, isRecord, type Locate } from '../problem/problem.ts';
import { type MergePatch, mergePatch } from './merge-patch.ts';
import type { ConfigSource } from './read-source.ts';

/** A source as it is with these patches, one after the other. They travel with what was read, so that workers have the same. */
export function patched(source: ConfigSource, patches: readonly MergePatch[] = []): ConfigSource {
  if (patches.length === 0) return source;
  const { value, locate, files = { texts: {}, folders: {} } } = source;
  return {
    ...source,
    value: patches.reduce<unknown>(mergePatch, value),
    files: { ...files, patches },
    ...(locate && { locate: unlessPatched(locate, patches) }),
  };
}

/** What a patch says stands at no place of the text. */
function unlessPatched(locate: Locate, patches: readonly MergePatch[]): Locate {
  return (path, at) => (patches.some((patch) => touches(patch, path)) ? undefined : locate(path, at));
}

function touches(patch: unknown, [key, ...rest]: ConfigPath): boolean {
  if (!isRecord(patch)) return true;
  return key !== undefined && Object.hasOwn(patch, key) && touches(patch[key], rest);
}
