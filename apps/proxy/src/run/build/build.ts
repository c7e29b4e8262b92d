import {
  type Chainer,
  isPromise,
  type Logger,
  PolicyConfigurationError,
  type ProtocolProxy,
  toProxyError,
} from '@inband/core';
import type { ConfigPath, Problem } from '../../config/problem/problem.ts';
import type { Plan, Planned, Ref } from '../plan/planned.ts';
import { AlreadyReported, type BuildDeps, type Made, type Make, type Maker, type PartKind } from './made.ts';
import { makeCertificates, makeTrust } from './make-certificates.ts';
import { endNotices, makeChainer } from './make-chainer.ts';
import { makeResolver } from './make-resolver.ts';
import { makeServerTls } from './make-server-tls.ts';
import { makeHostList } from './make-host-list.ts';
import { makeFilter } from './make-filter.ts';
import { makeNat, makePolicy, makeProxy, makeRoute, makeService } from './make-service.ts';
import { makeZone, makeZoneTable } from './make-zones.ts';

/** What makes the objects of each kind. */
export const makers: { readonly [K in PartKind]: Make<K> } = {
  certificates: makeCertificates,
  trust: makeTrust,
  zone: makeZone,
  'zone-table': makeZoneTable,
  resolver: makeResolver,
  'host-list': makeHostList,
  policy: makePolicy,
  nat: makeNat,
  'server-tls': makeServerTls,
  chainer: makeChainer,
  filter: makeFilter,
  route: makeRoute,
  service: makeService,
  proxy: makeProxy,
};

const KINDS = Object.keys(makers).filter((kind): kind is PartKind => Object.hasOwn(makers, kind));

function isPart(planned: Planned): planned is Planned<PartKind> {
  return Object.hasOwn(makers, planned.kind);
}

/** Chainers that were started. */
const started = new WeakSet<Chainer>();

/** Objects by kind, and by the hash of their value. */
export type MadeByHash = { readonly [K in PartKind]: Map<string, Made[K]> };

/**
 * Makes the objects of a plan in its order, or takes those of a previous build that are made from the same values. Leaves out
 * everything that needs an object that could not be made.
 */
export class Build {
  /** Errors with their places. */
  readonly problems: Problem[] = [];
  readonly made: MadeByHash = {
    certificates: new Map(),
    trust: new Map(),
    zone: new Map(),
    'zone-table': new Map(),
    resolver: new Map(),
    'host-list': new Map(),
    policy: new Map(),
    nat: new Map(),
    'server-tls': new Map(),
    chainer: new Map(),
    filter: new Map(),
    route: new Map(),
    service: new Map(),
    proxy: new Map(),
  };
  /** By the service's name. */
  readonly proxies = new Map<string, ProtocolProxy>();
  readonly #logger: Logger;

  constructor(plan: Plan, deps: BuildDeps, previous?: Build) {
    this.#logger = deps.logger;
    const maker: Maker = {
      deps,
      proxies: this.proxies,
      get: (ref) => this.#get(ref),
      attempt: (path, make) => this.#attempt(path, make),
    };
    for (const planned of plan.all) {
      if (isPart(planned) && !this.#keep(planned, previous)) this.#make(planned, maker);
    }
    for (const [service, { hash }] of plan.proxies) {
      const proxy = this.made.proxy.get(hash);
      if (proxy !== undefined) this.proxies.set(service, proxy);
    }
  }

  /** Starts the chainers that run not yet: those that this build has taken from another one do. */
  startChainers(): void {
    for (const chainer of this.made.chainer.values()) {
      if (started.has(chainer)) continue;
      started.add(chainer);
      this.#guarded('started', () => chainer.start?.());
    }
  }

  /**
   * Closes everything that is not in one of `others`, and lets go of it, because objects that are kept may refer to this build.
   * Objects that use others are closed before them.
   */
  close(others: Iterable<Build> = []): void {
    for (const { made } of others) this.#letGoOf(made);
    for (const { keeper } of this.made['zone-table'].values()) keeper.close();
    for (const followed of this.#followed) followed.close();
    for (const proxy of this.made.proxy.values()) proxy.close();
    const filters = Array.from(this.made.filter.values(), ({ filter }) => filter);
    const plugins = [...this.made.chainer.values(), ...this.made.resolver.values(), ...filters];
    for (const plugin of plugins) this.#guarded('closed', () => plugin.close?.());
    for (const chainer of this.made.chainer.values()) endNotices(chainer);
    const closed = new Set(this.made.proxy.values());
    for (const [service, proxy] of this.proxies) if (closed.has(proxy)) this.proxies.delete(service);
    for (const made of Object.values(this.made)) made.clear();
  }

  /** What the clients of a listener get. Undefined if it is of another plan. */
  proxyOf({ hash }: Ref<'proxy'>): ProtocolProxy | undefined {
    return this.made.proxy.get(hash);
  }

  /** Has files that are followed looked at, because somebody says that they may have changed. */
  lookAtFiles(): void {
    for (const followed of this.#followed) followed.ask();
  }

  get #followed(): Pick<Made['host-list'], 'ask' | 'close'>[] {
    const { certificates, trust } = this.made;
    const lists = this.made['host-list'];
    return [...certificates.values(), ...trust.values(), ...this.made['server-tls'].values(), ...lists.values()];
  }

  /** Forgets the objects that another build has. */
  #letGoOf(others: MadeByHash): void {
    for (const kind of KINDS) {
      const mine: Map<string, object> = this.made[kind];
      for (const [hash, made] of others[kind]) if (mine.get(hash) === made) mine.delete(hash);
    }
  }

  /** Takes an object of a previous build. */
  #keep<K extends PartKind>({ kind, hash }: Planned<K>, previous: Build | undefined): boolean {
    const kept = previous?.made[kind].get(hash);
    if (kept === undefined) return false;
    this.made[kind].set(hash, kept);
    return true;
  }

  /** An exception of a plugin must not prevent the others from being started, and the sockets from being closed. */
  #guarded(what: string, act: () => unknown): void {
    const defect = (error: unknown): void =>
      this.#logger.error({ err: error }, `defect of a plugin while it was ${what}`);
    try {
      // The types allow async functions. Nobody waits for them.
      const result = act();
      if (isPromise(result)) result.catch(defect);
    } catch (error) {
      defect(error);
    }
  }

  #make<K extends PartKind>(planned: Planned<K>, maker: Maker): void {
    const { kind, hash, path } = planned;
    const make: Make<K> = makers[kind];
    const made = this.#attempt(path, () => make(planned, maker));
    if (made !== undefined) this.made[kind].set(hash, made);
  }

  #get<K extends PartKind>({ kind, hash }: Ref<K>): Made[K] {
    const made = this.made[kind].get(hash);
    if (made === undefined) throw new AlreadyReported();
    return made;
  }

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
