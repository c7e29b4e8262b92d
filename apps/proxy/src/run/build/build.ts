import { type Chainer, type Logger, PolicyConfigurationError, type ProtocolProxy, toProxyError } from '@inband/core';
import type { ConfigPath, Problem } from '../../config/problem/problem.ts';
import type { Plan, Planned, Ref } from '../plan/planned.ts';
import { AlreadyReported, type BuildDeps, type Made, type Make, type Maker, type PartKind } from './made.ts';
import { makeChainer } from './make-chainer.ts';
import { makeResolver } from './make-resolver.ts';
import { makeNat, makePolicy, makeProxy, makeRoute, makeService } from './make-service.ts';
import { makeZone, makeZoneTable } from './make-zones.ts';

const makers: { readonly [K in PartKind]: Make<K> } = {
  zone: makeZone,
  'zone-table': makeZoneTable,
  resolver: makeResolver,
  policy: makePolicy,
  nat: makeNat,
  chainer: makeChainer,
  route: makeRoute,
  service: makeService,
  proxy: makeProxy,
};

function isPart(planned: Planned): planned is Planned<PartKind> {
  return Object.hasOwn(makers, planned.kind);
}

/** Objects by kind, and by the hash of their value. */
type MadeByHash = { readonly [K in PartKind]: Map<string, Made[K]> };

/** Makes the objects of a plan in its order. Leaves out everything that needs an object that could not be made. */
export class Build {
  /** Errors with their places. */
  readonly problems: Problem[] = [];
  readonly made: MadeByHash = {
    zone: new Map(),
    'zone-table': new Map(),
    resolver: new Map(),
    policy: new Map(),
    nat: new Map(),
    chainer: new Map(),
    route: new Map(),
    service: new Map(),
    proxy: new Map(),
  };
  /** By the service's name. */
  readonly proxies = new Map<string, ProtocolProxy>();
  readonly #logger: Logger;
  readonly #maker: Maker;

  constructor(plan: Plan, deps: BuildDeps) {
    this.#logger = deps.logger;
    this.#maker = {
      deps,
      proxies: this.proxies,
      get: (ref) => this.#get(ref),
      attempt: (path, make) => this.#attempt(path, make),
    };
    for (const planned of plan.all) if (isPart(planned)) this.#make(planned);
    for (const [service, { hash }] of plan.proxies) {
      const proxy = this.made.proxy.get(hash);
      if (proxy !== undefined) this.proxies.set(service, proxy);
    }
  }

  /** Closes everything. Objects that use others are closed before them. */
  close(): void {
    for (const { keeper } of this.made['zone-table'].values()) keeper.close();
    for (const proxy of this.made.proxy.values()) proxy.close();
    for (const plugin of [...this.made.chainer.values(), ...this.made.resolver.values()]) this.#close(plugin);
  }

  /** An exception of a plugin must not prevent the others, and the sockets, from being closed. */
  #close(plugin: Pick<Chainer, 'close'>): void {
    try {
      plugin.close?.();
    } catch (error) {
      this.#logger.error({ err: error }, 'defect of a plugin while it was closed');
    }
  }

  #make<K extends PartKind>(planned: Planned<K>): void {
    const { kind, hash, path } = planned;
    const make: Make<K> = makers[kind];
    const made = this.#attempt(path, () => make(planned, this.#maker));
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
