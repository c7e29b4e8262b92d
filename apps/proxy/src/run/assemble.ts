import { type AddressZones, type ProtocolProxy, WaitingBytes } from '@inband/core';
import { errorsOf, type ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { ZoneKeeper } from '../zones/zone-keeper.ts';
import { Build } from './build/build.ts';
import type { BuildDeps } from './build/made.ts';
import { planOf } from './plan/plan.ts';
import type { Plan } from './plan/planned.ts';
import { processPseudonym } from './pseudonym.ts';

export type AssemblyDeps = Omit<BuildDeps, 'registry' | 'zoneLists' | 'waitingBytes' | 'pseudonym'>;

/** Everything that a configuration makes, except its listeners. Nothing in it has used the network yet. */
export interface Assembly {
  readonly plan: Plan;
  /** By the service's name: each is shared by all listeners of the service. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  readonly zones: AddressZones;
  /** To be started before the first client is accepted: until then, zones lack the addresses of their names. */
  readonly zoneKeeper: Pick<ZoneKeeper, 'start'>;
  /** Closes the proxies, the chainers, the zone keeper and the resolver. */
  close(): void;
}

/** Builds what a configuration describes. Throws a `ConfigError` with everything that this system cannot do. */
export function assemble(parsed: ParsedConfig, source: ConfigSource, deps: AssemblyDeps): Assembly {
  const { registry, zoneLists, config } = parsed;
  const plan = planOf(parsed);
  const waitingBytes = new WaitingBytes(config.limits.partialHeads);
  const build = new Build(plan, { ...deps, registry, zoneLists, waitingBytes, pseudonym: processPseudonym() });
  const table = build.made['zone-table'].get(plan.zones.hash);
  if (table === undefined || build.problems.length > 0) {
    build.close();
    throw errorsOf(source, build.problems);
  }
  const { zones, keeper } = table;
  return { plan, proxies: build.proxies, zones, zoneKeeper: keeper, close: () => build.close() };
}
