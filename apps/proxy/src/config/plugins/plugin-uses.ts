import { type Plugin, type PluginRegistry, ProxyError } from '@inband/core';
import { type ConfigPath, formatPath, isRecord } from '../problem/problem.ts';

/** A place of a configuration that names a plugin by its type. */
export interface PluginUse {
  readonly provides: Plugin['provides'];
  readonly type: string;
  readonly path: ConfigPath;
  /** As they were written, without the type. */
  readonly options: Record<string, unknown>;
}

/** The chainer of a route that names none. */
export const NO_CHAINER = { type: 'none' } as const;

/** The longest path of a chainer, against a configuration that contains itself. */
const DEEPEST = 32;

/** Every use of a plugin. Values of the wrong type are skipped, because the schema reports them. */
export function pluginUses(config: unknown, registry: PluginRegistry): PluginUse[] {
  if (!isRecord(config)) return [];
  const uses: PluginUse[] = [];
  if (isRecord(config.resolver)) {
    const { cache: _cache, limits: _limits, ...own } = config.resolver;
    const use = useOf('resolver', ['resolver'], own);
    if (use !== undefined) uses.push(use);
  }
  if (isRecord(config.acme)) {
    const use = useOf('acme-dns', ['acme', 'challenge'], config.acme.challenge);
    if (use !== undefined) uses.push(use);
  }
  for (const [name, service] of Object.entries(isRecord(config.services) ? config.services : {})) {
    if (!isRecord(service)) continue;
    for (const [index, route] of listOf(service.routes ?? [{}]).entries()) {
      if (!isRecord(route)) continue;
      const path = ['services', name, 'routes', index, 'chainer'];
      addChainerUses(uses, path, route.chainer ?? NO_CHAINER, registry);
    }
  }
  return uses;
}

/** Adds a chainer, and those that are nested in it. */
function addChainerUses(uses: PluginUse[], path: ConfigPath, written: unknown, registry: PluginRegistry): void {
  if (path.length > DEEPEST) {
    throw new ProxyError('proxy_configuration_error', `${formatPath(path)}: chainers are nested too deep.`);
  }
  const use = useOf('chainer', path, written);
  if (use === undefined) return;
  uses.push(use);
  const plugin = registry.chainer(use.type);
  for (const option of plugin?.discovers ?? []) addDiscoveryUses(uses, [...path, option], use.options[option]);
  for (const option of plugin?.nested ?? []) {
    const value = use.options[option];
    if (!Array.isArray(value)) addChainerUses(uses, [...path, option], value, registry);
    else for (const [index, item] of value.entries()) addChainerUses(uses, [...path, option, index], item, registry);
  }
}

function addDiscoveryUses(uses: PluginUse[], path: ConfigPath, written: unknown): void {
  for (const [index, item] of listOf(written).entries()) {
    const isFile = isRecord(item) && item.file !== undefined && item.type === undefined;
    const use = useOf('discovery', [...path, index], isFile ? { ...item, type: 'file' } : item);
    if (use !== undefined) uses.push(use);
  }
}

function useOf(provides: PluginUse['provides'], path: ConfigPath, written: unknown): PluginUse | undefined {
  if (!isRecord(written)) return undefined;
  const { type, ...options } = written;
  return typeof type === 'string' ? { provides, type, path, options } : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
