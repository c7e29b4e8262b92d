import { builtinChainers, builtinResolvers } from '@inband/chainers';
import { type Plugin, PluginRegistry, ProxyError } from '@inband/core';
import { importModule } from './module-loader.ts';
import { describeValue, isRecord, type Problem } from './problem.ts';

/** A registry of the built-in plugins: they come through the same door as everybody's. */
export function builtinRegistry(): PluginRegistry {
  const registry = new PluginRegistry();
  for (const plugin of [...builtinChainers, ...builtinResolvers]) registry.register(plugin);
  return registry;
}

/**
 * Registers the plugins that a configuration lists, on top of the built-in ones. `listed` is not validated yet;
 * what is no specifier and no plugin is left to the schema to complain about.
 */
export async function loadPlugins(
  listed: unknown,
  baseDirectory: string,
): Promise<{ registry: PluginRegistry; problems: Problem[] }> {
  const registry = builtinRegistry();
  const problems: Problem[] = [];
  for (const [index, entry] of (Array.isArray(listed) ? (listed as unknown[]) : []).entries()) {
    try {
      for (const plugin of await pluginsOf(entry, baseDirectory)) registry.register(plugin);
    } catch (error) {
      problems.push({ path: ['plugins', index], message: reason(entry, error) });
    }
  }
  return { registry, problems };
}

async function pluginsOf(entry: unknown, baseDirectory: string): Promise<Plugin[]> {
  if (typeof entry !== 'string') return isRecord(entry) ? [asPlugin(entry)] : [];
  const module = await importModule(entry, baseDirectory);
  const plugins = [...new Set(Object.values(module))].filter(isRecord).filter((value) => 'provides' in value);
  if (plugins.length > 0) return plugins.map(asPlugin);
  const names = Object.keys(module).join(', ') || 'nothing';
  throw new ProxyError('proxy_configuration_error', `it exports ${names}, and none of it was made by definePlugin.`);
}

function asPlugin(value: Record<string, unknown>): Plugin {
  checkPlugin(value);
  return value;
}

/** Checks the parts of a plugin that everything later relies on: it may come from plain JavaScript. */
function checkPlugin(value: Record<string, unknown>): asserts value is Record<string, unknown> & Plugin {
  const { provides, kind, schema, create } = value;
  if (provides !== 'chainer' && provides !== 'resolver') throw wrong('provides', '"chainer" or "resolver"', provides);
  if (typeof kind !== 'string' || kind === '') throw wrong('kind', 'a name', kind);
  // A schema may be a function with a property (arktype's are).
  const hasProperties = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  const standard: unknown = hasProperties ? Reflect.get(schema, '~standard') : undefined;
  if (!isRecord(standard) || typeof standard.validate !== 'function')
    throw wrong('schema', 'a Standard Schema', schema);
  if (typeof create !== 'function') throw wrong('create', 'a function', create);
}

function wrong(part: string, expected: string, found: unknown): ProxyError {
  const message = `its "${part}" should be ${expected}, found ${describeValue(found)}.`;
  return new ProxyError('proxy_configuration_error', message);
}

function reason(entry: unknown, error: unknown): string {
  const name = typeof entry === 'string' ? `the plugin ${JSON.stringify(entry)}` : 'this plugin';
  const text = error instanceof Error ? error.message : String(error);
  return `${name} cannot be used: ${text}`.replaceAll('\n', ' ');
}
