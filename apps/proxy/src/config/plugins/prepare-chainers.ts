import { type PluginRegistry, type PrepareContext, ProxyError } from '@inband/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatPath, type Problem } from '../problem/problem.ts';
import { importModule } from '../read/module-loader.ts';
import type { PluginOptions } from './plugin-options.ts';
import type { PluginUse } from './plugin-uses.ts';

/** What `ChainerPlugin.prepare` resolved with, by the place of the chainer. */
export type PreparedChainers = ReadonlyMap<string, unknown>;

/** Where the chainer stands, below one with `carries`, that carries the others. */
export const CARRIER = 'servers';

interface PreparingDeps {
  readonly options: PluginOptions;
  readonly registry: PluginRegistry;
  readonly baseDirectory: string;
}

/** Has plugins prepare the chainers whose options are valid, one after the other. */
export async function prepareChainers(
  uses: readonly PluginUse[],
  { options, registry, baseDirectory }: PreparingDeps,
): Promise<{ readonly prepared: PreparedChainers; readonly problems: readonly Problem[] }> {
  const prepared = new Map<string, unknown>();
  const problems: Problem[] = [];
  const context: PrepareContext = {
    baseDirectory,
    readText: (file) => readFile(resolve(baseDirectory, file), 'utf8'),
    importModule: (name) => importModule(name, baseDirectory),
  };
  for (const { provides, type, path } of uses) {
    const place = formatPath(path);
    const plugin = provides === 'chainer' && options.has(place) ? registry.chainer(type) : undefined;
    if (plugin?.prepare === undefined) continue;
    try {
      const result: unknown = await plugin.prepare(options.get(place), context);
      prepared.set(place, result);
      // The chainer that carries another one is of the same options.
      if (plugin.carries !== undefined) prepared.set(formatPath([...path, CARRIER]), result);
    } catch (error) {
      problems.push(problemOf(error, path));
    }
  }
  return { prepared, problems };
}

/** At the option that the error names: `chainer.file`. */
function problemOf(error: unknown, path: Problem['path']): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const [, option] = /^chainer\.(\w+)$/.exec((error instanceof ProxyError ? error.setting : undefined) ?? '') ?? [];
  return { path: option === undefined ? path : [...path, option], message };
}
