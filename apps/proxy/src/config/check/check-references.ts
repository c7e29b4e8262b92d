import { AddressZones, cidrProblem, type PluginRegistry } from '@inband/core';
import type { PluginUse } from '../plugins/plugin-uses.ts';
import { Names } from '../problem/names.ts';
import { formatPath, isRecord, type Problem } from '../problem/problem.ts';
import { type FoundReference, referencesIn } from '../schema/references-in.ts';

/** Zones that need no configuration. */
export const BUILTIN_ZONES = new AddressZones().names;

/**
 * Every place of a configuration, as it was written, that refers to something by its name: by the schema of the
 * configuration, and by the schemas of the plugins for their options.
 */
export function referencesOf(
  schema: unknown,
  config: unknown,
  uses: readonly PluginUse[],
  registry: PluginRegistry,
): FoundReference[] {
  const ofPlugins = uses.flatMap(({ provides, type, options, path }) => {
    const plugin = registry.find(provides, type);
    return plugin === undefined ? [] : referencesIn(plugin.schema, options, path);
  });
  return [...referencesIn(schema, config), ...ofPlugins];
}

/** The routes whose conditions name zones: `services.web.routes[0]`. */
export function routesWithZones(found: readonly FoundReference[]): ReadonlySet<string> {
  const routes = new Set<string>();
  for (const { to, path } of found) {
    const [top, , part, , key] = path;
    if (to !== 'zone' && to !== 'zone-or-address') continue;
    if (top === 'services' && part === 'routes' && key === 'match') routes.add(formatPath(path.slice(0, 4)));
  }
  return routes;
}

/** The references to zones, services and chainers that do not exist. */
export function checkReferences(config: Record<string, unknown>, found: readonly FoundReference[]): Problem[] {
  const known = {
    zones: new Names([...BUILTIN_ZONES, ...keysOf(config.zones)]),
    services: new Names(keysOf(config.services)),
    chainers: new Names(keysOf(config.chainers)),
  };
  const problems: Problem[] = [];
  for (const reference of found) {
    const message = problemOf(reference, known);
    if (message !== undefined) problems.push({ path: reference.path, at: reference.at, message });
  }
  return problems;
}

function problemOf(
  { to, name }: FoundReference,
  { zones, services, chainers }: Readonly<Record<'zones' | 'services' | 'chainers', Names>>,
): string | undefined {
  switch (to) {
    case 'zone':
      return zones.has(name) ? undefined : zones.unknown('zone', name);
    case 'zone-or-address':
      return zones.has(name) ? undefined : addressProblem(name, zones);
    case 'service':
      return services.has(name) ? undefined : services.unknown('service', name);
    case 'chainer':
      return chainers.has(name) ? undefined : unknownChainer(name, chainers);
    case 'server-or-port':
      return undefined;
  }
}

function unknownChainer(name: string, chainers: Names): string {
  if (chainers.size > 0) return chainers.unknown('chainer', name);
  return `there is no "chainers" in which ${JSON.stringify(name)} could be; a chainer is a mapping with its "type" and its options.`;
}

function addressProblem(name: string, zones: Names): string | undefined {
  const problem = cidrProblem(name);
  const looksLikeAddress = /^[\d:[]|[/:]/.test(name);
  return problem === undefined || looksLikeAddress ? problem : zones.unknown('zone', name);
}

function keysOf(mapping: unknown): string[] {
  return isRecord(mapping) ? Object.keys(mapping) : [];
}
