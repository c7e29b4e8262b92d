import type { PluginRegistry } from '@inband/core';
import { Names } from '../../problem/names.ts';
import { NO_CHAINER, type PluginUse, servicesOf } from '../../plugins/plugin-uses.ts';
import { type ConfigPath, isRecord, type Problem, valueAt } from '../../problem/problem.ts';
import { circlesOf, graphOf } from '../../problem/circles.ts';
import { checkStackedTimeout } from './stacked-timeouts.ts';

/** A chainer of one service that stacks another in it. */
interface Stacking {
  readonly from: string;
  readonly to: string;
  /** Where the other is named. */
  readonly path: ConfigPath;
  /** The route of `from` that leads there. */
  readonly route: ConfigPath;
}

/** Checks which services are used by listeners, and which are stacked in others. The configuration is as it was written. */
export function checkStacking(config: unknown, all: readonly PluginUse[], registry: PluginRegistry): Problem[] {
  if (!isRecord(config)) return [];
  const services = isRecord(config.services) ? Object.keys(config.services) : [];
  const known = new Names(services);
  const uses = all.filter(({ provides }) => provides === 'chainer');
  const stackings = uses.flatMap((use) => stackingsOf(use, registry));
  const stacked = new Set(stackings.map(({ to }) => to));
  const listening = new Set(listenersOf(config).flatMap(servicesFor));
  return [
    ...stackings
      .filter(({ to }) => !known.has(to))
      .map(({ to, path }) => ({ path, message: known.unknown('service', to) })),
    ...circles(stackings),
    ...stackings.flatMap((stacking) => checkStackedTimeout(config, stacking)),
    ...uses
      .filter((use) => use.type === NO_CHAINER.type && servicesOf(use).some((service) => listening.has(service)))
      .map((use) =>
        withoutServer(
          config,
          use.path,
          servicesOf(use).some((service) => stacked.has(service)),
        ),
      ),
    ...services.filter((name) => !listening.has(name) && !stacked.has(name)).map(unused),
  ];
}

function stackingsOf({ type, path, options, routes }: PluginUse, registry: PluginRegistry): Stacking[] {
  return (registry.chainer(type)?.stacks ?? []).flatMap((option) => {
    const to = options[option];
    if (typeof to !== 'string') return [];
    return routes.map((route) => ({ from: String(route[1]), to, path: [...path, option], route }));
  });
}

function listenersOf({ listeners }: Record<string, unknown>): Record<string, unknown>[] {
  return Array.isArray(listeners) ? (listeners as unknown[]).filter(isRecord) : [];
}

/** The services that the clients of a listener may get. */
function servicesFor({ service, tls }: Record<string, unknown>): unknown[] {
  const rules = isRecord(tls) && Array.isArray(tls.match) ? (tls.match as unknown[]).filter(isRecord) : [];
  return [service, ...rules.flatMap(({ pass, terminate }) => [pass, terminate])];
}

/** More circles than these are not reported, because each is told with all of its services. */
const MOST_CIRCLES = 100;

function circles(stackings: readonly Stacking[]): Problem[] {
  const edges = stackings.map(({ from, to }) => [from, to] as const);
  const isCircular = circlesOf(edges);
  const circular = stackings.filter(({ from, to }) => isCircular([from, to]));
  const graph = graphOf(edges.filter(isCircular));
  return circular.slice(0, MOST_CIRCLES).map((stacking) => {
    const names = shortestCircle(stacking, graph).map((name) => JSON.stringify(name));
    return { path: stacking.path, message: `there is no end to this: ${names.join(', in which ')} is stacked.` };
  });
}

/** The services of the shortest circle that begins with this stacking. */
function shortestCircle({ from, to }: Stacking, graph: ReadonlyMap<string, readonly string[]>): string[] {
  // By each service the one in which it was found. What is added meanwhile is visited, too.
  const found = new Map([[to, from]]);
  for (const [name] of found) {
    if (name === from) break;
    for (const next of graph.get(name) ?? []) if (!found.has(next)) found.set(next, name);
  }
  const names = [from];
  for (let name = found.get(from); name !== undefined && name !== from; name = found.get(name)) names.push(name);
  return [from, ...names.slice(1).toReversed(), from];
}

/** A route with the chainer `none` in a service that a listener uses. */
function withoutServer(config: unknown, path: ConfigPath, isStacked: boolean): Problem {
  const isWritten = valueAt(config, path) !== undefined;
  const at = isWritten ? [...path, 'type'] : path;
  if (isStacked) {
    const message = 'a request that comes from a listener fails here: only stacked ones bring their server with them.';
    return { path: at, warning: true, message };
  }
  const message = isWritten
    ? 'every request fails here: this is for a service that a chainer stacks in another.'
    : 'expected a mapping with the "type" of a chainer and its options, found nothing; only a service that a chainer stacks in another can do without.';
  return { path: at, message };
}

function unused(name: string): Problem {
  const message = 'no listener uses this service, and no chainer stacks it in another.';
  return { path: ['services', name], at: 'key', warning: true, message };
}
