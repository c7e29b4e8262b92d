import type { PluginRegistry } from '@inband/core';
import { unknownKey } from '../../problem/issues.ts';
import { NO_CHAINER, type PluginUse, servicesOf } from '../../plugins/plugin-uses.ts';
import { type ConfigPath, isRecord, type Problem, valueAt } from '../../problem/problem.ts';
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
  const uses = all.filter(({ provides }) => provides === 'chainer');
  const stackings = uses.flatMap((use) => stackingsOf(use, registry));
  const stacked = new Set(stackings.map(({ to }) => to));
  const listening = new Set(listenersOf(config).flatMap(servicesFor));
  return [
    ...stackings.filter(({ to }) => !services.includes(to)).map(({ to, path }) => unknownService(path, to, services)),
    ...stackings.flatMap((stacking) => circle(stacking, stackings)),
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

function unknownService(path: ConfigPath, name: string, known: readonly string[]): Problem {
  return { path, message: unknownKey('service', name, known) };
}

/** The shortest circle of services that begins with this stacking, if there is one. */
function circle({ from, to, path }: Stacking, all: readonly Stacking[]): Problem[] {
  const seen = new Set([to]);
  let ways: string[][] = [[from, to]];
  while (ways.length > 0) {
    const back = ways.find((way) => way.at(-1) === from);
    if (back !== undefined) {
      const names = back.map((name) => JSON.stringify(name)).join(', in which ');
      return [{ path, message: `there is no end to this: ${names} is stacked.` }];
    }
    ways = ways.flatMap((way) =>
      all
        .filter((next) => next.from === way.at(-1) && !seen.has(next.to))
        .map((next) => {
          seen.add(next.to);
          return [...way, next.to];
        }),
    );
  }
  return [];
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
