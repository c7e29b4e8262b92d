import { type AddressZones, LimitStates, type ProtocolProxy, WaitingBytes } from '@inband/core';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { errorsOf } from '../../config/problem/placed.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { ZoneKeeper } from '../../zones/zone-keeper.ts';
import { Build } from './build.ts';
import type { BuildDeps } from './made.ts';
import { planOf } from '../plan/plan.ts';
import type { Plan, Ref } from '../plan/planned.ts';
import { processPseudonym } from './pseudonym.ts';

export interface AssemblyDeps extends Omit<
  BuildDeps,
  | 'registry'
  | 'zoneLists'
  | 'hostLists'
  | 'tls'
  | 'serverTls'
  | 'prepared'
  | 'waitingBytes'
  | 'limitStates'
  | 'pseudonym'
> {
  /** Of the process. Without it, the assembly has its own. */
  readonly waitingBytes?: WaitingBytes;
  /** The same. */
  readonly limitStates?: LimitStates;
}

/** Everything that a configuration makes, except its listeners. Nothing that is new in it has used the network yet. */
export interface Assembly {
  readonly plan: Plan;
  readonly build: Build;
  /** By the service's name: each is shared by all listeners of the service. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  /** What the clients of a listener get. */
  readonly proxyOf: (ref: Ref<'proxy'>) => ProtocolProxy | undefined;
  readonly zones: AddressZones;
  /** To be started before the first client is accepted: until then, zones lack the addresses of their names. */
  readonly zoneKeeper: Pick<ZoneKeeper, 'start'>;
  /** Starts the chainers that are new. To be called where clients are served, and nowhere else. */
  startChainers(): void;
  /** Closes the proxies, the chainers, the zone keeper and the resolver, except those that are in one of `others`. */
  close(others?: Iterable<Build>): void;
}

/**
 * Builds what a configuration describes. Objects of `previous` whose values have not changed are used again. Throws a `ConfigError`
 * with everything that this system cannot do; then `previous` is as it was.
 */
export function assemble(parsed: ParsedConfig, source: ConfigSource, deps: AssemblyDeps, previous?: Build): Assembly {
  const { registry, zoneLists, hostLists, tls, compilePattern, serverTls, prepared, config } = parsed;
  const plan = planOf(parsed);
  const { waitingBytes = new WaitingBytes(config.limits.partialHeads), limitStates = new LimitStates() } = deps;
  const pseudonym = processPseudonym();
  const parts = {
    registry,
    zoneLists,
    hostLists,
    tls,
    compilePattern,
    serverTls,
    prepared,
    waitingBytes,
    limitStates,
    pseudonym,
  };
  const build = new Build(plan, { ...deps, ...parts }, previous);
  const table = build.made['zone-table'].get(plan.zones.hash);
  if (table === undefined || build.problems.length > 0) {
    build.close(previous === undefined ? [] : [previous]);
    throw errorsOf(source, build.problems);
  }
  const { zones, keeper } = table;
  const isKept = previous?.made['zone-table'].get(plan.zones.hash) === table;
  return {
    plan,
    build,
    proxies: build.proxies,
    proxyOf: (ref) => build.proxyOf(ref),
    zones,
    // The keeper of a table that is kept runs already.
    zoneKeeper: isKept ? { start: () => Promise.resolve() } : keeper,
    startChainers: () => build.startChainers(),
    close: (others) => build.close(others),
  };
}
