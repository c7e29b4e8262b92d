import { type AuthPrepareContext, type PluginRegistry, type PrepareContext, ProxyError } from '@inband/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatPath, type Problem } from '../problem/problem.ts';
import { importModule } from '../read/module-loader.ts';
import type { PluginOptions } from './plugin-options.ts';
import type { PluginUse } from './plugin-uses.ts';

/** What `prepare` of plugins resolved with, by the place of the chainer or the way to authenticate. */
export type PreparedPlugins = ReadonlyMap<string, unknown>;

/** Where the chainer stands, below one with `carries`, that carries the others. */
export const CARRIER = 'servers';

interface PreparingDeps {
  readonly options: PluginOptions;
  readonly registry: PluginRegistry;
  readonly baseDirectory: string;
  /** Whether what {@link AuthPrepareContext.report} says is an error. */
  readonly isStrict: boolean;
}

/** Has plugins prepare what has valid options, one after the other. */
export async function preparePlugins(
  uses: readonly PluginUse[],
  { options, registry, baseDirectory, isStrict }: PreparingDeps,
): Promise<{ readonly prepared: PreparedPlugins; readonly problems: readonly Problem[] }> {
  const prepared = new Map<string, unknown>();
  const problems: Problem[] = [];
  const context: PrepareContext = {
    baseDirectory,
    readText: (file) => readFile(resolve(baseDirectory, file), 'utf8'),
    importModule: (name) => importModule(name, baseDirectory),
  };
  for (const { provides, type, path, place } of uses) {
    const plugin = registry.find(provides, type);
    if (plugin === undefined || !('prepare' in plugin) || plugin.prepare === undefined || !options.has(place)) continue;
    const report: AuthPrepareContext['report'] = (message, option) =>
      void problems.push({ path: [...path, ...option], message, warning: !isStrict });
    const warn: AuthPrepareContext['warn'] = (message, option) =>
      void problems.push({ path: [...path, ...option], message, warning: true });
    try {
      const result: unknown = await plugin.prepare(options.get(place), { ...context, report, warn });
      prepared.set(place, result);
      // The chainer that carries another one is of the same options.
      if ('carries' in plugin) prepared.set(formatPath([...path, CARRIER]), result);
    } catch (error) {
      problems.push(problemOf(error, path));
    }
  }
  return { prepared, problems };
}

/** At the option that the error names: `chainer.file`, `auth.file`. */
function problemOf(error: unknown, path: Problem['path']): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const [, option] =
    /^(?:chainer|auth)\.(\w+)$/.exec((error instanceof ProxyError ? error.setting : undefined) ?? '') ?? [];
  return { path: option === undefined ? path : [...path, option], message };
}
