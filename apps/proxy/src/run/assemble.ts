import {
  AccessPolicy,
  type AccessRule,
  AddressTranslation,
  AddressZones,
  type Chainer,
  type ChainerPlugin,
  compileNatRule,
  type CompiledNatRule,
  compileRoutes,
  createCachingResolver,
  defaultLookupLimits,
  descriptorLimit,
  type EstablishConnection,
  type Logger,
  type NatRule,
  PolicyConfigurationError,
  type ProtocolProxy,
  type Resolver,
  type RouteDefinition,
  type Service,
  type SessionListener,
  type Timers,
  toProxyError,
  WaitingBytes,
} from '@inband/core';
import { createHttpProxy, defaultHttpOptions, type HttpOptions } from '@inband/http-proxy';
import { createTlsGuard, defaultTlsGuardOptions } from '@inband/tls-guard';
import { errorsOf, type ParsedConfig } from '../config/parse-config.ts';
import { pluginUses } from '../config/plugins/plugin-uses.ts';
import { type ConfigPath, formatPath, isRecord, type Problem, valueAt } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { AccessRuleConfig, NatRuleConfig, RouteConfig, ServiceConfig } from '../config/schema/schema.ts';
import { lookupsWithin } from './limits/descriptor-shares.ts';
import { childLogger } from '../log/logging.ts';
import { processPseudonym } from './pseudonym.ts';
import { ZoneKeeper } from '../zones/zone-keeper.ts';

export interface AssemblyDeps {
  /** The way to the network, for chainers whose servers are chosen by the client or by the operator. */
  readonly establisher: (serverChosenBy: 'client' | 'operator') => EstablishConnection;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onSession?: SessionListener | undefined;
  /** Asked for each chainer that is to use forged addresses, by its place: see `ChainerDeps.forgeAddrProblem`. */
  readonly forgeAddrProblem: (path: ConfigPath) => string | undefined;
}

/** A configuration come to life, short of its listeners. Nothing in it has touched the network. */
export interface Assembly {
  /** By the service's name: each is shared by all listeners of the service. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  readonly services: ReadonlyMap<string, Service>;
  readonly zones: AddressZones;
  /** To be started before anybody is let in: until then, names bring no addresses into zones. */
  readonly zoneKeeper: Pick<ZoneKeeper, 'start'>;
  /** Closes the proxies, the chainers, what keeps the zones, and the resolver. */
  close(): void;
}

/** Builds what a configuration describes. Throws a `ConfigError` that names everything this system cannot do. */
export function assemble(parsed: ParsedConfig, source: ConfigSource, deps: AssemblyDeps): Assembly {
  const builder = new Builder(parsed, deps);
  const assembly = builder.build();
  if (builder.problems.length === 0) return assembly;
  assembly.close();
  throw errorsOf(source, builder.problems);
}

/** `services`, its name, `routes`, its index. */
const ROUTE_DEPTH = 4;

/** What is wrong is among the problems already, at its own place. */
class AlreadyReported extends Error {}

class Builder {
  readonly problems: Problem[] = [];
  readonly #parsed: ParsedConfig;
  readonly #deps: AssemblyDeps;
  readonly #zones: AddressZones;
  readonly #resolver: Resolver | undefined;
  readonly #chainers: Chainer[] = [];
  readonly #proxies = new Map<string, ProtocolProxy>();
  /** Of all services together. */
  readonly #waitingBytes: WaitingBytes;

  constructor(parsed: ParsedConfig, deps: AssemblyDeps) {
    this.#parsed = parsed;
    this.#waitingBytes = new WaitingBytes(parsed.config.limits.partialHeads);
    this.#deps = deps;
    this.#zones = this.#attempt(['zones'], () => createZones(parsed)) ?? new AddressZones();
    this.#resolver = this.#attempt(['resolver'], () => this.#createResolver());
  }

  build(): Assembly {
    const services = new Map<string, Service>();
    const proxies = this.#proxies;
    for (const [name, config] of Object.entries(this.#parsed.config.services)) {
      const service = this.#createService(name, config);
      if (service === undefined) continue;
      services.set(name, service);
      const proxy = this.#createProxy(service, config);
      if (proxy !== undefined) proxies.set(name, proxy);
    }
    const zoneKeeper = new ZoneKeeper({
      zones: this.#zones,
      resolver: this.#resolver ?? noResolver,
      lists: this.#parsed.zoneLists,
      logger: this.#deps.logger,
    });
    const close = (): void => {
      zoneKeeper.close();
      for (const proxy of proxies.values()) proxy.close();
      for (const plugin of [...this.#chainers, this.#resolver]) this.#close(plugin);
    };
    return { services, proxies, zones: this.#zones, zoneKeeper, close };
  }

  /** A plugin that throws now must not keep the others, and the sockets, from being closed. */
  #close(plugin: Pick<Chainer, 'close'> | undefined): void {
    try {
      plugin?.close?.();
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'defect of a plugin while it was closed');
    }
  }

  #createResolver(): Resolver {
    const { resolver } = this.#parsed.config;
    const plugin = this.#parsed.registry.resolver(resolver.type);
    if (plugin === undefined) throw new Error(`There is no resolver "${resolver.type}".`);
    const options = this.#parsed.pluginOptions.get('resolver');
    const created = plugin.create(options, { logger: childLogger(this.#deps.logger, { resolver: resolver.type }) });
    const limits = { ...mostLookups(), ...withoutUndefined(resolver.limits ?? {}) };
    return createCachingResolver(created, { ...withoutUndefined(resolver.cache ?? {}), limits });
  }

  #createService(name: string, config: ServiceConfig): Service | undefined {
    const base = ['services', name];
    const policy = this.#attempt([...base, 'access'], () =>
      AccessPolicy.compile(config.access.map(toAccessRule), {
        mode: config.mode,
        zones: this.#zones,
        path: formatPath([...base, 'access']),
      }),
    );
    const definitions = config.routes.map((route, index) => this.#defineRoute([...base, 'routes', index], route));
    const usable = definitions.filter((definition) => definition !== undefined);
    const rules = this.#compileNat([...base, 'nat'], config.nat);
    if (policy === undefined || usable.length < definitions.length || rules === undefined) return undefined;
    const nat = rules.length === 0 ? undefined : new AddressTranslation(rules, this.#zones);
    const onlyPicksUp = this.#onlyPicksUp(name);
    return { name, mode: config.mode, policy, onlyPicksUp, ...(nat && { nat }), ...compileRoutes(usable, this.#zones) };
  }

  /** Whether no chainer of the service reaches a server by itself. */
  #onlyPicksUp(name: string): boolean {
    const { config, registry } = this.#parsed;
    return pluginUses(config, registry)
      .filter(({ provides, path }) => provides === 'chainer' && path[1] === name)
      .map(({ type }) => registry.chainer(type))
      .every((plugin) => plugin?.picksUp === true || (plugin?.nested ?? []).length > 0);
  }

  /** Undefined when something is wrong with one of them. */
  #compileNat(path: ConfigPath, configs: readonly NatRuleConfig[]): CompiledNatRule[] | undefined {
    const base = formatPath(path);
    const rules = configs.map((config, index) =>
      this.#attempt(path, () => compileNatRule(toNatRule(config), index, base, this.#zones)),
    );
    const usable = rules.filter((rule) => rule !== undefined);
    return usable.length < rules.length ? undefined : usable;
  }

  /** Undefined when something is wrong with it. */
  #defineRoute(path: ConfigPath, config: RouteConfig): RouteDefinition | undefined {
    const chainer = this.#createChainer([...path, 'chainer'], config.chainer);
    const definition = chainer && { name: formatPath(path), chainer, match: config.match };
    // Compiled alone here, so that every route with a problem is named and located.
    return definition && this.#attempt(path, () => compileRoutes([definition], this.#zones) && definition);
  }

  #createChainer(path: ConfigPath, { type }: RouteConfig['chainer']): Chainer | undefined {
    const plugin = this.#parsed.registry.chainer(type);
    const resolver = this.#resolver;
    if (plugin === undefined || resolver === undefined) return undefined;
    const options = this.#parsed.pluginOptions.get(formatPath(path));
    const chainer = this.#attempt(path, () =>
      plugin.create(options, {
        establishConnection: this.#deps.establisher(plugin.serverChosenBy ?? 'client'),
        resolver,
        zones: this.#zones,
        logger: childLogger(this.#deps.logger, { chainer: type, route: formatPath(path.slice(0, ROUTE_DEPTH)) }),
        proxies: this.#proxies,
        nestedChainer: (option, index) => this.#createNested(plugin, path, option, index),
        forgeAddrProblem: () => this.#deps.forgeAddrProblem([...path, 'forgeAddr']),
      }),
    );
    if (chainer !== undefined) this.#chainers.push(chainer);
    return chainer;
  }

  #createNested(plugin: ChainerPlugin, outer: ConfigPath, option: string, index: number | undefined): Chainer {
    const path = [...outer, option, ...(index === undefined ? [] : [index])];
    const written = valueAt(this.#parsed.config, path);
    if (plugin.nested?.includes(option) !== true || !isRecord(written) || typeof written.type !== 'string') {
      throw new Error(`the chainer "${plugin.kind}" has no chainer nested at ${formatPath(path)}.`);
    }
    const chainer = this.#createChainer(path, { ...written, type: written.type });
    if (chainer === undefined) throw new AlreadyReported();
    return chainer;
  }

  #createProxy(service: Service, config: ServiceConfig): ProtocolProxy | undefined {
    const logger = childLogger(this.#deps.logger, { service: service.name });
    const { timers, onSession } = this.#deps;
    const waitingBytes = this.#waitingBytes;
    const common = { service, timers, logger, waitingBytes, ...(onSession && { onSession }) };
    if (config.proxy === 'tls') {
      const options = { ...defaultTlsGuardOptions, ...withoutUndefined(config.tls ?? {}) };
      return this.#attempt(['services', service.name, 'tls'], () => createTlsGuard({ ...common, options }));
    }
    const options: HttpOptions = {
      ...defaultHttpOptions(service.mode),
      via: processPseudonym(),
      ...withoutUndefined(config.http ?? {}),
    };
    return createHttpProxy({ ...common, options });
  }

  /** What goes wrong becomes a problem at `path`, so that one run names them all. */
  #attempt<T>(path: ConfigPath, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (error instanceof AlreadyReported) return undefined;
      const deeper = error instanceof PolicyConfigurationError ? error.path : [];
      this.problems.push({ path: [...path, ...deeper], message: toProxyError(error).message });
      return undefined;
    }
  }
}

function createZones({ config, zoneLists }: ParsedConfig): AddressZones {
  const zones = Object.entries(config.zones).map(([name, zone]) => {
    const lists = zoneLists.filter((list) => list.zone === name).map(({ networks }) => networks);
    return [name, { ...(Array.isArray(zone) ? { addresses: zone } : zone), lists }] as const;
  });
  return new AddressZones(Object.fromEntries(zones));
}

/** Fewer than by default where there are not descriptors for as many. */
function mostLookups(): { lookups: number } {
  const descriptors = descriptorLimit();
  return { lookups: descriptors === undefined ? defaultLookupLimits.lookups : lookupsWithin(descriptors) };
}

/** In the place of one that could not be made: then nothing starts. */
const noResolver: Resolver = { resolve: () => Promise.reject(new Error('There is no resolver.')) };

function toAccessRule({ allow, deny }: AccessRuleConfig): AccessRule {
  return deny === undefined ? { action: 'allow', ...allow } : { action: 'deny', ...deny };
}

function toNatRule({ dnat, snat }: NatRuleConfig): NatRule {
  return dnat === undefined ? { action: 'snat', ...snat } : { action: 'dnat', ...dnat };
}

type WithoutUndefined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Keys that are left out must not overwrite defaults. */
function withoutUndefined<T extends object>(value: T): WithoutUndefined<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly the keys with a value are left
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as WithoutUndefined<T>;
}
