import { type PluginRegistry, ProxyError } from '@inband/core';
import { type ConfigPath, formatPath, isRecord } from '../problem/problem.ts';

/** A place of a configuration that names a plugin by its type. */
export interface PluginUse {
  readonly provides: 'chainer' | 'resolver';
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
    uses.push(...useOf('resolver', ['resolver'], own));
  }
  for (const [name, service] of Object.entries(isRecord(config.services) ? config.services : {})) {
    if (!isRecord(service)) continue;
    for (const [index, route] of listOf(service.routes ?? [{}]).entries()) {
      if (!isRecord(route)) continue;
      const path = ['services', name, 'routes', index, 'chainer'];
      uses.push(...chainerUses(path, route.chainer ?? NO_CHAINER, registry));
    }
  }
  return uses;
}

/** A chainer, and those that are nested in it. */
function chainerUses(path: ConfigPath, written: unknown, registry: PluginRegistry): PluginUse[] {
  if (path.length > DEEPEST) {
    throw new ProxyError('proxy_configuration_error', `${formatPath(path)}: chainers are nested too deep.`);
  }
  return useOf('chainer', path, written).flatMap((use) => {
    const nested = registry.chainer(use.type)?.nested ?? [];
    const inner = nested.flatMap((option) => {
      const value = use.options[option];
      if (!Array.isArray(value)) return chainerUses([...path, option], value, registry);
      return listOf(value).flatMap((item, index) => chainerUses([...path, option, index], item, registry));
    });
    return [use, ...inner];
  });
}

function useOf(provides: PluginUse['provides'], path: ConfigPath, written: unknown): PluginUse[] {
  if (!isRecord(written) || typeof written.type !== 'string') return [];
  const { type, ...options } = { ...written, type: written.type };
  return [{ provides, type, path, options }];
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
