import type { ParsedConfig } from '../../config/parse-config.ts';
import type { Config } from '../../config/schema/schema.ts';
import { IdentityPlanner } from './plan-certificates.ts';
import { planAccept, planProxied } from './plan-accept.ts';
import { planTls } from './plan-tls.ts';
import { planResolver } from './plan-resolver.ts';
import { ServicePlanner } from './plan-services.ts';
import { planZones } from './plan-zones.ts';
import type { Plan, PlannedListener } from './planned.ts';
import { frozen, Planner, refTo } from './planner.ts';

/** Keys that have kinds of their own in the plan. A plugin is part of the values that it makes objects of. */
const PLANNED_BY_KIND: ReadonlySet<string> = new Set<keyof Config>([
  '$schema',
  'zones',
  'plugins',
  'resolver',
  'chainers',
  'listeners',
  'services',
]);

/**
 * Returns everything that a configuration makes as complete, read-only values with a hash each (docs/architecture.md). It makes no
 * objects. The hashes do not depend on the order of keys, on the format of the file, or on whether defaults are written out.
 */
export function planOf(parsed: ParsedConfig): Plan {
  const planner = new Planner();
  for (const [key, value] of Object.entries(parsed.config)) {
    if (!PLANNED_BY_KIND.has(key)) planner.add('setting', [key], frozen({ key, value }));
  }
  const resolver = planResolver(planner, parsed);
  const zones = planZones(planner, parsed, resolver);
  const services = new ServicePlanner(planner, { parsed, resolver, zones });
  const proxies = new Map(Object.keys(parsed.config.services).map((name) => [name, services.proxyOf(name)]));
  const identities = new IdentityPlanner(planner, parsed);
  const listeners = parsed.config.listeners.map(
    ({ service, tls, accept, proxyProtocol, ...held }, index): PlannedListener => {
      const path = ['listeners', index];
      const socket = planner.add('socket', path, frozen(held));
      const identity = identities.identityOf(index);
      const accepting = planAccept(planner, { path, accept, proxyOf: (name) => services.proxyOf(name) });
      const secured = planTls(planner, {
        path,
        tls,
        identity,
        proxy: accepting(service),
        accepting,
        proxyOf: (name) => services.proxyOf(name),
      });
      const from = parsed.config.services[service]?.trustedProxies?.from ?? [];
      const proxy = planProxied(planner, { path, proxyProtocol, from, zones, proxy: secured });
      const value = { service, socket: refTo(socket), proxy, identity };
      return { socket, listener: planner.add('listener', path, frozen(value)) };
    },
  );
  return { all: planner.all, zones, proxies, listeners };
}
