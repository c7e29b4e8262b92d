import {
  LimitStates,
  WaitingBytes,
  type AddressZones,
  type Chainer,
  type ChainerPool,
  type ProtocolProxy,
  type Route,
  type RouteQuery,
  type Service,
} from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { assemble, type AssemblyDeps } from '../run/build/assemble.ts';
import { type Build, type MadeByHash, makers } from '../run/build/build.ts';
import type { BuildDeps, Made, Make, Maker, PartKind } from '../run/build/made.ts';
import { chainerOf } from '../run/build/make-service.ts';
import { processPseudonym } from '../run/build/pseudonym.ts';
import type { Kind, Plan, Planned, Ref } from '../run/plan/planned.ts';

/** What a request goes through when it is explained. */
export interface ExplainedParts {
  /** By the names of their services. */
  readonly proxies: Pick<ReadonlyMap<string, ProtocolProxy>, 'get'>;
  readonly zones: AddressZones;
  /** The servers that a chainer of these parts chooses from, as they are where requests are served. */
  poolOf(chainer: object): ChainerPool | undefined;
  /** To be called before the first request. */
  start(): Promise<void>;
  close(): void;
}

/** The pool of a chainer that was made by `made`, in `seen`: another build of the same plan, or the same. */
export function poolIn(
  chainer: object,
  made: ReadonlyMap<string, Chainer>,
  seen: ReadonlyMap<string, Chainer>,
): ChainerPool | undefined {
  const [hash] = Array.from(made).find(([, each]) => each === chainer) ?? [];
  return hash === undefined ? undefined : seen.get(hash)?.pool;
}

/** A configuration that is in use, and what is made of it. */
export interface InUse {
  readonly plan: Plan;
  readonly build: Pick<Build, 'made'>;
}

/**
 * The parts of a proxy that is running. Rules, routes, zones and names are used as they are. Chainers and proxies are made anew, to look
 * on, when the request comes to them: a configuration with ten thousand routes is not built once more, while clients wait.
 */
export class PartsInUse implements ExplainedParts {
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  readonly zones: AddressZones;
  readonly #index: PlanIndex;
  readonly #running: MadeByHash;
  readonly #made: MadeByHash;
  readonly #maker: Maker;
  readonly #makers: { readonly [K in PartKind]: Make<K> };

  constructor({ plan, build }: InUse, deps: BuildDeps) {
    this.#index = indexOf(plan);
    this.#running = build.made;
    this.#made = { ...build.made, chainer: new Map(), service: new Map(), proxy: new Map() };
    this.proxies = new LazyMap((service) => {
      const ref = plan.proxies.get(service);
      return ref && this.#get(ref);
    });
    this.#makers = { ...makers, service: (planned) => this.#serviceOf(planned) };
    this.#maker = {
      deps,
      proxies: this.proxies,
      get: (ref) => this.#get(ref),
      attempt: (_path, make) => make(),
    };
    this.zones = this.#get(plan.zones).zones;
  }

  poolOf(chainer: object): ChainerPool | undefined {
    return poolIn(chainer, this.#made.chainer, this.#running.chainer);
  }

  async start(): Promise<void> {}

  close(): void {
    for (const proxy of this.#made.proxy.values()) proxy.close();
    for (const chainer of this.#made.chainer.values()) chainer.close?.();
  }

  #get<K extends PartKind>({ kind, hash }: Ref<K>): Made[K] {
    const made: Map<string, Made[K]> = this.#made[kind];
    const known = made.get(hash);
    if (known !== undefined) return known;
    const planned = this.#index.byHash.get(hash);
    if (planned === undefined || !isOf(planned, kind)) throw new Error(`The plan has no ${kind} ${hash}.`);
    const make: Make<K> = this.#makers[kind];
    const result = make(planned, this.#maker);
    made.set(hash, result);
    return result;
  }

  /** The service that is running, with other chainers. */
  #serviceOf({ hash }: Planned<'service'>): Service {
    const running = this.#running.service.get(hash);
    if (running === undefined) throw new Error(`The service ${hash} is not there.`);
    // The same route is the same object, by which routes are compared.
    const routes = new Map<Route, Route>();
    const route = (query: RouteQuery): Route | undefined => {
      const found = running.route(query);
      if (found === undefined) return undefined;
      const known = routes.get(found) ?? Object.freeze({ name: found.name, chainer: this.#chainerOf(found.name) });
      routes.set(found, known);
      return known;
    };
    return Object.freeze({ ...running, route });
  }

  #chainerOf(route: string): Chainer {
    const planned = this.#index.routes.get(route);
    if (planned === undefined) throw new Error(`The plan has no route ${route}.`);
    return chainerOf(planned.value, (ref) => this.#get(ref));
  }
}

/** What a request goes through: as it is made for this, or as a proxy has made it that is `running`. */
export function partsFor(
  parsed: ParsedConfig,
  source: ConfigSource,
  deps: AssemblyDeps,
  running: InUse | undefined,
): ExplainedParts {
  return running === undefined ? assembled(parsed, source, deps) : inUse(parsed, running, deps);
}

/** Everything that the configuration makes, made for this. */
function assembled(parsed: ParsedConfig, source: ConfigSource, deps: AssemblyDeps): ExplainedParts {
  const assembly = assemble(parsed, source, deps);
  const { proxies, zones, zoneKeeper, build } = assembly;
  const { chainer: made } = build.made;
  return {
    proxies,
    zones,
    poolOf: (chainer) => poolIn(chainer, made, made),
    start: () => zoneKeeper.start(),
    close: () => assembly.close(),
  };
}

function inUse(
  { registry, zoneLists, hostLists, serverTls, prepared, config }: ParsedConfig,
  running: InUse,
  deps: AssemblyDeps,
): ExplainedParts {
  const waitingBytes = new WaitingBytes(config.limits.partialHeads);
  return new PartsInUse(running, {
    ...deps,
    registry,
    zoneLists,
    hostLists,
    serverTls,
    prepared,
    waitingBytes,
    // An explanation counts for nobody.
    limitStates: new LimitStates(),
    pseudonym: processPseudonym(),
  });
}

interface PlanIndex {
  readonly byHash: ReadonlyMap<string, Planned>;
  /** By their names. */
  readonly routes: ReadonlyMap<string, Planned<'route'>>;
}

/** Of plans that are in use, because one may have many thousand values. */
const indexes = new WeakMap<Plan, PlanIndex>();

function indexOf(plan: Plan): PlanIndex {
  const known = indexes.get(plan);
  if (known !== undefined) return known;
  const byHash = new Map(plan.all.map((planned) => [planned.hash, planned]));
  const routes = plan.all
    .filter((planned) => isOf(planned, 'route'))
    .map((planned) => [planned.value.name, planned] as const);
  const index = { byHash, routes: new Map(routes) };
  indexes.set(plan, index);
  return index;
}

function isOf<K extends Kind>(planned: Planned, kind: K): planned is Planned<K> {
  return planned.kind === kind;
}

/** Makes its values when they are asked for. */
class LazyMap<Value> extends Map<string, Value> {
  readonly #make: (key: string) => Value | undefined;

  constructor(make: (key: string) => Value | undefined) {
    super();
    this.#make = make;
  }

  override get(key: string): Value | undefined {
    return this.#make(key);
  }
}
