import { type Plugin, type PluginRegistry, ProxyError } from '@inband/core';
import { type ConfigPath, formatPath, isRecord } from '../problem/problem.ts';

/** A place of a configuration that names a plugin by its type. */
export interface PluginUse {
  readonly provides: Plugin['provides'];
  readonly type: string;
  readonly path: ConfigPath;
  /** The same as text, by which there are the options and what was prepared of it. */
  readonly place: string;
  /** As they were written, without the type. */
  readonly options: Record<string, unknown>;
  /** Of a chainer: the routes that lead to it, also by names. */
  readonly routes: readonly ConfigPath[];
}

/** The services with a route that leads to a chainer. */
export function servicesOf({ routes }: Pick<PluginUse, 'routes'>): string[] {
  return [...new Set(routes.map(([, service]) => String(service)))];
}

/** The services for which a place within a chainer counts. */
export function servicesByPlace(uses: readonly PluginUse[]): (path: ConfigPath) => readonly string[] {
  const named = new Map<string, PluginUse>();
  for (const use of uses) {
    const [top, name] = use.path;
    if (top === 'chainers' && !named.has(String(name))) named.set(String(name), use);
  }
  return ([top, name]) => {
    if (top === 'services') return [String(name)];
    const within = top === 'chainers' ? named.get(String(name)) : undefined;
    return within === undefined ? [] : servicesOf(within);
  };
}

/** The chainer of a route that names none. */
export const NO_CHAINER = { type: 'none' } as const;

/** The longest path of a chainer. */
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
  const named = new Map(
    entriesOf(config.chainers).map(([name, chainer]) => [name, usesFrom(['chainers', name], chainer, registry)]),
  );
  for (const { uses: own } of named.values()) uses.push(...own);
  for (const [name, service] of entriesOf(config.services)) {
    if (!isRecord(service)) continue;
    uses.push(...authUses(['services', name, 'auth'], service.auth));
    uses.push(...filterUses(['services', name, 'filters'], service.filters));
    const routes = listOf(service.routes ?? [{}]);
    for (let index = 0; index < routes.length; index += 1) {
      const route = routes[index];
      if (!isRecord(route) || answersItself(route)) continue;
      const path = ['services', name, 'routes', index];
      const found = usesFrom([...path, 'chainer'], route.chainer ?? NO_CHAINER, registry);
      uses.push(...found.uses);
      leadTo(found, path, named);
    }
  }
  return uses;
}

/** One way, or a list of them. */
function authUses(path: ConfigPath, written: unknown): PluginUse[] {
  const ways = Array.isArray(written)
    ? written.map((way: unknown, index) => useOf('auth', [...path, index], way))
    : [useOf('auth', path, written)];
  return ways.filter((use) => use !== undefined);
}

/** Without what the proxy itself reads of each. What a program passes has no type, and is no plugin's. */
function filterUses(path: ConfigPath, written: unknown): PluginUse[] {
  return listOf(written).flatMap((filter, index) => {
    if (!isRecord(filter)) return [];
    const { timeout: _timeout, maximumBody: _maximumBody, ...own } = filter;
    return useOf('filter', [...path, index], own) ?? [];
  });
}

/** Whether a route, as it was written, is answered by the proxy itself. */
export function answersItself(route: unknown): boolean {
  return (
    isRecord(route) && route.chainer === undefined && (route.respond !== undefined || route.redirect !== undefined)
  );
}

/** The uses of plugins at a place that holds a chainer. */
interface FoundUses {
  readonly uses: PluginUse[];
  /** The routes that lead here. One list for all uses. */
  readonly routes: ConfigPath[];
  /** The names of chainers that it leads to. */
  readonly names: string[];
}

function usesFrom(path: ConfigPath, written: unknown, registry: PluginRegistry): FoundUses {
  const found: FoundUses = { uses: [], routes: [], names: [] };
  addChainerUses(found, path, written, registry);
  return found;
}

/** Notes that a route leads to these uses, and to those of the chainers that they name. */
function leadTo(found: FoundUses, route: ConfigPath, named: ReadonlyMap<string, FoundUses>): void {
  if (found.names.length === 0) {
    found.routes.push(route);
    return;
  }
  const reached = new Set([found]);
  // Uses that are added meanwhile are visited, too, each once.
  for (const each of reached) {
    each.routes.push(route);
    for (const name of each.names) {
      const next = named.get(name);
      if (next !== undefined) reached.add(next);
    }
  }
}

/** Adds a chainer, and those that are nested in it. */
function addChainerUses(found: FoundUses, path: ConfigPath, written: unknown, registry: PluginRegistry): void {
  if (path.length > DEEPEST) {
    throw new ProxyError('proxy_configuration_error', `${formatPath(path)}: chainers are nested too deep.`);
  }
  if (typeof written === 'string') found.names.push(written);
  const use = useOf('chainer', path, written, found.routes);
  if (use === undefined) return;
  found.uses.push(use);
  const plugin = registry.chainer(use.type);
  for (const option of plugin?.discovers ?? []) addDiscoveryUses(found, [...path, option], use.options[option]);
  for (const option of plugin?.nested ?? []) {
    const value = use.options[option];
    if (!Array.isArray(value)) addChainerUses(found, [...path, option], value, registry);
    else for (const [index, item] of value.entries()) addChainerUses(found, [...path, option, index], item, registry);
  }
}

function addDiscoveryUses({ uses, routes }: FoundUses, path: ConfigPath, written: unknown): void {
  for (const [index, item] of listOf(written).entries()) {
    const isFile = isRecord(item) && item.file !== undefined && item.type === undefined;
    const use = useOf('discovery', [...path, index], isFile ? { ...item, type: 'file' } : item, routes);
    if (use !== undefined) uses.push(use);
  }
}

function useOf(
  provides: PluginUse['provides'],
  path: ConfigPath,
  written: unknown,
  routes: readonly ConfigPath[] = [],
): PluginUse | undefined {
  if (!isRecord(written)) return undefined;
  const { type, ...options } = written;
  return typeof type === 'string' ? { provides, type, path, place: formatPath(path), options, routes } : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function entriesOf(value: unknown): [name: string, value: unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}
