import type { Cluster, ClusterSessions, SessionQuery } from '@inband/admin';
import { formatPath } from '../../config/problem/problem.ts';
import { RequestRate } from '../../metrics/show/request-rate.ts';
import { isChainer } from '../../run/observed/planned-pools.ts';
import { clusterStatus } from './cluster-status.ts';
import { SeenMembers } from './seen-members.ts';
import type { Sealing } from './published-sessions.ts';
import { SessionReader } from './session-reader.ts';
import { SessionTeller } from './session-teller.ts';
import { type AskedOrder, SharedOrders, type Told } from './shared-orders.ts';
import type { StoredOrder } from './stored-orders.ts';
import type { ClusterViewDeps } from './viewed-cluster.ts';

const ALONE = 'There is no store that other machines share; "store" in the configuration names one.';

/** The parts of a view that are there once there is a question, or a store that is shared. */
export class Following {
  readonly #deps: ClusterViewDeps;
  readonly #members: SeenMembers;
  readonly #shared:
    | { readonly orders: SharedOrders; readonly teller: SessionTeller; readonly reader: SessionReader }
    | undefined;

  constructor(deps: ClusterViewDeps, sealing: Sealing | undefined) {
    const { cluster, logger } = deps;
    this.#deps = deps;
    this.#members = new SeenMembers(() => cluster.members());
    const { store, member } = cluster;
    if (store === undefined || !cluster.isShared) return;
    const own = (query: SessionQuery) => deps.processes.sessions(query);
    this.#shared = {
      orders: new SharedOrders({
        store,
        member,
        logger,
        hashOf: (pool) => this.#hashes().get(pool),
        placeOf: (order) => this.#placeOf(order),
        apply: (order) => deps.processes.order(order),
      }),
      teller: new SessionTeller({
        store,
        member,
        sealing,
        members: () => cluster.memberCount,
        sessions: (limit) => own({ sort: 'seconds', order: 'desc', limit }),
      }),
      reader: new SessionReader({
        store,
        member,
        sealing,
        // Members that end tell nothing any more.
        names: async () =>
          (await cluster.members()).flatMap(({ name, info }) => (info.isStopping === true ? [] : [name])),
        own,
      }),
    };
  }

  begin(): void {
    const { cluster, counted } = this.#deps;
    const rate = counted && new RequestRate(counted);
    if (rate !== undefined) cluster.describeBy(() => ({ requests: rate.now }));
    this.#shared?.orders.begin();
    this.#shared?.teller.begin();
  }

  close(): void {
    this.#shared?.orders.close();
    this.#shared?.teller.close();
  }

  async replaced(): Promise<void> {
    await this.#shared?.orders.replaced();
  }

  async status(): Promise<Cluster> {
    const { cluster } = this.#deps;
    const known = await this.#members.read();
    return clusterStatus({
      name: cluster.name,
      member: cluster.member,
      own: cluster.info(),
      store: cluster.seen(),
      known,
      canary: cluster.canary(),
      orders: this.#shared?.orders.all ?? [],
      revoked: cluster.revoked(),
      memberCount: cluster.memberCount,
      now: Date.now(),
    });
  }

  async sessions(query: SessionQuery): Promise<ClusterSessions> {
    if (this.#shared !== undefined) return this.#shared.reader.sessions(query);
    const { member } = this.#deps.cluster;
    const { sessions: lines, total } = await this.#deps.processes.sessions(query);
    const here = { name: member, at: new Date().toISOString(), sessions: total, told: lines.length };
    return {
      member,
      sessions: lines.map((line) => ({ member, ...line })),
      total,
      members: [here],
      missing: [],
      why: ALONE,
    };
  }

  async order(asked: AskedOrder): Promise<Told> {
    return this.#shared === undefined ? { told: false, why: ALONE } : this.#shared.orders.give(asked);
  }

  /** What each pool is made from, by its name. */
  #hashes(): ReadonlyMap<string, string> {
    const plan = this.#deps.plan();
    return new Map(plan?.all.filter(isChainer).map(({ hash, path }) => [formatPath(path), hash]));
  }

  #placeOf({ pool, hash }: Pick<StoredOrder, 'pool' | 'hash'>): string | undefined {
    const hashes = this.#hashes();
    if (hash !== undefined && hashes.get(pool) !== hash) {
      for (const [name, own] of hashes) if (own === hash) return name;
    }
    return hashes.has(pool) ? pool : undefined;
  }
}
