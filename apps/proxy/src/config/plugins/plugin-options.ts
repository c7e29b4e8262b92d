import type { MaybePromise, PluginRegistry } from '@inband/core';
import {
  inputJsonSchema,
  problemsOf,
  type StandardResult,
  type StandardSchema,
  unknownKey,
} from '../problem/issues.ts';
import { knownKeys } from '../problem/known-keys.ts';
import type { PluginUse } from './plugin-uses.ts';
import type { Problem } from '../problem/problem.ts';

/** The options of plugins as their schemas returned them, by path. */
export type PluginOptions = ReadonlyMap<string, unknown>;

/** Validates the options of every chainer and of the resolver by the schemas of their plugins. */
export async function checkPluginOptions(
  uses: readonly PluginUse[],
  registry: PluginRegistry,
): Promise<{ options: PluginOptions; problems: Problem[] }> {
  const options = new Map<string, unknown>();
  const problems: Problem[] = [];
  for (const use of uses) {
    const plugin = registry.find(use.provides, use.type);
    if (plugin === undefined) {
      problems.push({ path: [...use.path, 'type'], message: unknownType(use, registry.kinds(use.provides)) });
      continue;
    }
    const validated = validate(plugin.schema, use.options);
    // Not awaited unless it must be: a configuration may have thousands of chainers.
    const result = 'then' in validated ? await validated : validated;
    if (result.issues === undefined) options.set(use.place, result.value);
    else {
      const elsewhere = (key: string) => ownersOf(key, use.provides, registry);
      problems.push(...problemsOf(result.issues, plugin.schema, use.options, use.path, elsewhere));
    }
  }
  return { options, problems };
}

/** The types with an option of this name, in words, because one of them was probably meant. */
function ownersOf(key: string, provides: PluginUse['provides'], registry: PluginRegistry): string | undefined {
  const owners = registry.kinds(provides).filter((kind) => {
    const plugin = registry.find(provides, kind);
    return plugin !== undefined && knownKeys(inputJsonSchema(plugin.schema), []).includes(key);
  });
  return owners.length === 0 ? undefined : `"type: ${owners.join('" and "type: ')}"`;
}

function validate(schema: StandardSchema, options: unknown): MaybePromise<StandardResult> {
  try {
    const result = schema['~standard'].validate(options);
    return 'then' in result ? result.then((settled) => settled, failed) : result;
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): StandardResult {
  const text = error instanceof Error ? error.message : String(error);
  return { issues: [{ message: `the plugin's schema failed: ${text}` }] };
}

/** What there is none of but by plugins has no names that could be told. */
function unknownType({ provides, type }: PluginUse, known: readonly string[]): string {
  if (known.length > 0) return unknownKey(provides, type, known);
  return `unknown ${provides} "${type}": a plugin brings it, and "plugins" lists none that brings any.`;
}
