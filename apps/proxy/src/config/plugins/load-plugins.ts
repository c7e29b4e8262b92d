import { builtinChainers, builtinResolvers } from '@inband/chainers';
import { type Plugin, PluginRegistry, ProxyError } from '@inband/core';
import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtinAuth } from '../auth/builtin-auth.ts';
import { noteBuiltIn } from './built-in.ts';
import { importAgain, importModule, pathOf } from '../read/module-loader.ts';
import { fileDiscoveryPlugin } from '../server-files/file-discovery.ts';
import { describeValue, isRecord, type Problem } from '../problem/problem.ts';

/** The plugins that every program has. */
export const builtinPlugins: readonly Plugin[] = [
  ...builtinChainers,
  ...builtinResolvers,
  fileDiscoveryPlugin,
  ...builtinAuth,
];

/** A registry with the built-in plugins, which are registered like all others. */
export function builtinRegistry(): PluginRegistry {
  const registry = new PluginRegistry();
  for (const plugin of builtinPlugins) registry.register(noteBuiltIn(plugin));
  return registry;
}

/**
 * Registers the plugins that a configuration lists, in addition to the built-in ones. `listed` is not validated yet; values of the
 * wrong type are skipped, because the schema reports them.
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
      const isOld = typeof entry === 'string' && hasChanged(pathOf(entry, baseDirectory));
      if (isOld) problems.push({ path: ['plugins', index], message: changed(entry), warning: true });
    } catch (error) {
      problems.push({ path: ['plugins', index], message: reason(entry, error, baseDirectory) });
    }
  }
  return { registry, problems };
}

/** The hashes of the files of plugins when they were loaded, by their paths. */
const loaded = new Map<string, string>();

/** Whether the file of a plugin is another one than what was loaded of it, which Node.js does not load again. */
function hasChanged(path: string | undefined): boolean {
  if (path === undefined) return false;
  const now = hashOf(path);
  const before = loaded.get(path) ?? now;
  loaded.set(path, before);
  return before !== now;
}

function hashOf(path: string): string {
  try {
    return hash('sha256', readFileSync(path));
  } catch {
    // It is gone, or may not be read any more.
    return '';
  }
}

function changed(entry: string): string {
  return `the file of the plugin ${JSON.stringify(entry)} has changed since it was loaded; a restart loads it again.`;
}

async function pluginsOf(entry: unknown, baseDirectory: string): Promise<Plugin[]> {
  if (typeof entry !== 'string') return isRecord(entry) ? [asPlugin(entry)] : [];
  const module = await importModule(entry, baseDirectory);
  const plugins = [...new Set(Object.values(module))].filter(isRecord).filter((value) => 'provides' in value);
  if (plugins.length > 0) return plugins.map(asPlugin);
  const names = Object.keys(module).join(', ') || 'nothing';
  importAgain(entry, baseDirectory);
  throw new ProxyError('proxy_configuration_error', `it exports ${names}, and none of it was made by definePlugin.`);
}

function asPlugin(value: Record<string, unknown>): Plugin {
  checkPlugin(value);
  return value;
}

const PROVIDED: readonly unknown[] = [
  'chainer',
  'resolver',
  'discovery',
  'acme-dns',
  'auth',
  'filter',
] satisfies Plugin['provides'][];

/** Checks a plugin at run time, because it may be plain JavaScript. */
function checkPlugin(value: Record<string, unknown>): asserts value is Record<string, unknown> & Plugin {
  const { provides, kind, schema, create } = value;
  if (!PROVIDED.includes(provides))
    throw wrong('provides', '"chainer", "resolver", "discovery", "acme-dns", "auth" or "filter"', provides);
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

function reason(entry: unknown, error: unknown, baseDirectory: string): string {
  const name = typeof entry === 'string' ? `the plugin ${JSON.stringify(entry)}` : 'this plugin';
  const missing = typeof entry === 'string' ? missingPlugin(entry, error, baseDirectory) : undefined;
  const text = missing ?? (error instanceof Error ? error.message : String(error));
  return `${name} cannot be used: ${text}`.replaceAll('\n', ' ');
}

/** How to correct the configuration if the plugin is not found; undefined for other errors. */
function missingPlugin(entry: string, error: unknown, baseDirectory: string): string | undefined {
  const code = isRecord(error) ? error.code : undefined;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  const path = pathOf(entry, baseDirectory);
  if (path !== undefined) {
    return existsSync(path) ? undefined : `there is no file ${path}; paths are relative to the configuration.`;
  }
  const [scopeOrName = entry, rest] = entry.split('/');
  const packageName = entry.startsWith('@') && rest !== undefined ? `${scopeOrName}/${rest}` : scopeOrName;
  if (
    !(error instanceof Error) ||
    !/^Cannot find (?:package|module) '([^']*)'/.exec(error.message)?.[1]?.startsWith(packageName)
  )
    return undefined;
  const asFile = resolve(baseDirectory, entry);
  if (existsSync(asFile)) return `a path begins with "../": write "./${entry}".`;
  return `there is no such package in ${resolve(baseDirectory)}: run "npm install ${packageName}" there (the path of a file begins with "../").`;
}
