import type { Cluster, ClusterMember } from '@inband/admin';
import type { StoreStatus } from '@inband/store';
import type { Known, SeenMember } from './seen-members.ts';
import type { MemberInfo } from '../member-info.ts';
import { reasonsOf } from './reasons.ts';
import type { StoredOrder } from './stored-orders.ts';

/** The store, as this member sees it. */
export interface SeenStore {
  readonly type: string;
  /** Without a password. */
  readonly address: string;
  readonly status: StoreStatus;
  /** When its status changed last, as of `Date.now`. */
  readonly since: number | undefined;
  /** What the last call failed with. */
  readonly why: string | undefined;
  readonly calls: number;
  readonly failures: number;
  /** Milliseconds; undefined before the first call. */
  readonly latency: number | undefined;
}

/** What {@link clusterStatus} is made from. */
export interface ClusterFacts {
  readonly name: string;
  /** This member. */
  readonly member: string;
  /** What it would say of itself now. */
  readonly own: MemberInfo;
  readonly store: SeenStore;
  readonly known: Known;
  readonly canary: Cluster['canary'];
  readonly orders: readonly StoredOrder[];
  /** Tokens that are revoked. */
  readonly revoked: number;
  /** How many members lived at the last beat of this one, or are remembered on disk. */
  readonly memberCount: number;
  /** As of `Date.now`. */
  readonly now: number;
}

/** How a cluster is, as this member sees it. */
export function clusterStatus(facts: ClusterFacts): Cluster {
  const { name, member, own, store, known, canary, orders, revoked, memberCount, now } = facts;
  const others = known.members.filter((one) => one.name !== member);
  const all: readonly SeenMember[] = [{ name: member, info: own, state: 'here' }, ...others];
  const members = all.map((one) => shownMember(one, facts)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const shownStore: Cluster['store'] = {
    type: store.type,
    address: store.address,
    status: store.status,
    since: instant(store.since),
    why: store.status === 'here' ? null : (store.why ?? null),
    calls: store.calls,
    failures: store.failures,
    latency: store.latency ?? null,
  };
  // Members that were never read, because nobody had asked before the store went away, have no names.
  const unread = store.status === 'here' ? 0 : Math.max(0, memberCount - members.filter(isCounted).length);
  const reasons = reasonsOf(shownStore, members, { canary, unread, now });
  const status = store.status === 'here' ? (reasons.length === 0 ? 'well' : 'stale') : 'away';
  return {
    name,
    member,
    status,
    reasons,
    store: shownStore,
    asOf: instant(known.asOf),
    members,
    unread,
    canary,
    revoked,
    orders: orders.map(({ pool, address, order, by, member: where, at }) => ({
      pool,
      address,
      order,
      by,
      member: where,
      at: new Date(at).toISOString(),
    })),
  };
}

/** Whether it was one of those that lived. */
function isCounted({ state }: ClusterMember): boolean {
  return state !== 'gone';
}

function shownMember({ name, info, state }: SeenMember, { member, own, now }: ClusterFacts): ClusterMember {
  const isThis = name === member;
  const lastBeat = isThis ? now : atHere(info, own);
  const { config, stale = [] } = info;
  return {
    name,
    isThis,
    state: state === 'here' && info.isStopping === true ? 'leaving' : state,
    version: info.version ?? null,
    started: instant(info.started),
    workers: info.workers ?? null,
    configuration: {
      running: versionOf(config?.running),
      // Absent: what it runs is what it is to run.
      wanted: versionOf(config?.wanted === undefined ? config?.running : config.wanted),
      error: config?.error ?? null,
    },
    connections: info.open ?? null,
    requests: info.requests ?? null,
    clock: info.clock ?? null,
    lastBeat: instant(lastBeat),
    lag: lastBeat === undefined ? null : Math.max(0, Math.round((now - lastBeat) / 100) / 10),
    stale: stale.map(({ what, since, why }) => ({ what, since: new Date(since).toISOString(), why })),
  };
}

/** When a member beat last, by the clock of this one. Both know how far they are ahead of the store. */
function atHere({ at, clock = 0 }: MemberInfo, own: MemberInfo): number | undefined {
  return at === undefined ? undefined : at - clock + (own.clock ?? 0);
}

/** Null: its own file. */
function versionOf(version: number | null | undefined): string | null {
  return version === undefined || version === null ? null : String(version);
}

function instant(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
