import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from '@inband/core';
import type { Store } from '@inband/store';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ClusterGauges, ConfigGauges, StoreCounter } from '../metrics/count/store-counter.ts';
import { packageVersion } from '../own-files/own-files.ts';
import type { Beats } from './beats.ts';
import { AwayShares } from './lending/away-shares.ts';
import type { Lending } from './lending/lend-messages.ts';
import { MachineLender } from './lending/machine-lender.ts';
import type { ClusterMember, MemberInfo } from './member-info.ts';
import { storeAddress } from './store-address.ts';
import { type SharedKind, type StaleNow, Staleness } from './staleness.ts';

/** `store.deadline` of a machine whose workers share by its memory. */
const USUAL_DEADLINE = 50;

async function openMemory(): Promise<Store> {
  return (await import('./lending/memory.ts')).openMemory();
}

/** Milliseconds after which a store that answers, and takes no beat, does not do what it is for. */
const REFUSED = 2_000;

export interface ClusterSideDeps {
  readonly logger: Logger;
  readonly parsed: Pick<ParsedConfig, 'config' | 'clusterFiles' | 'baseDirectory'>;
  /** Whether several processes serve clients. */
  readonly hasWorkers: boolean;
  /** What is said of this member with each beat, beside what is known here. */
  readonly describe: () => MemberInfo;
  /** Called when another number of members is known. */
  readonly onMembers?: (members: number) => void;
  /** Counts what becomes of calls, where anything is counted. */
  readonly metrics?: { readonly countStore: (gauges: () => ClusterGauges) => StoreCounter } | undefined;
}

/**
 * The cluster of a process that serves clients itself, or of the supervisor of those that do: owns the connection to the store, says
 * that this member lives, and lends parts of limits. Nothing of a store is loaded where there is none, and one worker.
 */
export class ClusterSide {
  /** `cluster.name`. */
  readonly name: string;
  /** The name of this member: `cluster.member`, or that of the host. */
  readonly member: string;
  /** What this member has as it was last known, as its parts say. */
  readonly stale = new Staleness();
  readonly #deps: ClusterSideDeps;
  readonly #hasStore: boolean;
  #store: Store | undefined = undefined;
  #shares: AwayShares | undefined = undefined;
  #beats: Beats | undefined = undefined;
  #counter: StoreCounter | undefined = undefined;
  /** Of this process, among all that have ever been. */
  readonly #id = randomUUID();
  #lenders = 0;
  #told: MemberInfo = {};
  #configGauges: () => ConfigGauges | undefined = () => undefined;
  readonly #described: (() => MemberInfo)[] = [];

  constructor(deps: ClusterSideDeps) {
    const { cluster, store } = deps.parsed.config;
    this.#deps = deps;
    this.name = cluster?.name ?? 'default';
    this.member = cluster?.member ?? hostname();
    this.#hasStore = store !== undefined && store.type !== 'memory';
  }

  /** Opens the store, where there is one. Does not wait for a server. Begins to beat. */
  async open(): Promise<void> {
    const { parsed, hasWorkers, metrics } = this.#deps;
    if (!this.#hasStore && !hasWorkers) return;
    this.#counter = this.#hasStore ? metrics?.countStore(() => this.#gauges) : undefined;
    this.#store = await this.#openStore();
    const { away } = this.lending(1);
    this.#shares = new AwayShares({ policy: away, parties: () => this.memberCount, open: openMemory });
    if (!this.#hasStore) return;
    this.#told = { version: packageVersion(), pid: process.pid, started: Math.round(performance.timeOrigin) };
    const { Beats: Beating } = await import('./beats.ts');
    const { logger } = this.#deps;
    const address = storeAddress(parsed.config.store);
    logger.info({ member: this.member, cluster: this.name, store: address }, 'is a member of a cluster');
    this.#beats = await Beating.begin({
      store: this.#store,
      logger,
      member: this.member,
      mark: this.#id,
      onName: (isTaken) => this.#nameIs(isTaken),
      info: () => JSON.stringify(this.info),
      folder: this.folder,
      onMembers: (members) => this.#deps.onMembers?.(members),
    });
  }

  async #openStore(): Promise<Store> {
    const { logger, parsed } = this.#deps;
    const { openConfiguredStore } = await import('./open-store.ts');
    const onCall = this.#counter?.called;
    return openConfiguredStore(parsed.config.store, { logger, files: parsed.clusterFiles, name: this.name, onCall });
  }

  /**
   * What this machine shares by: a store of the configuration, or its memory where it has several workers. Undefined: it has one process, which
   * shares with nobody.
   */
  get store(): Store | undefined {
    return this.#store;
  }

  /** Whether there may be other members: the store is not the memory of this machine. */
  get hasOthers(): boolean {
    return this.#hasStore;
  }

  /** `cluster.state`, where something is remembered on disk. */
  get folder(): string | undefined {
    const { config, baseDirectory } = this.#deps.parsed;
    const state = config.cluster?.state;
    return state === undefined ? undefined : resolve(baseDirectory, state);
  }

  /** Members that live, as far as it is known: as of the last beat that was answered. This one is among them. */
  get memberCount(): number {
    return this.#beats?.members ?? 1;
  }

  /** What this member would say of itself now. */
  get info(): MemberInfo {
    const clock = this.#beats?.clock;
    const stale = [...this.stale.all, ...this.#staleShared];
    const more: MemberInfo = Object.assign({}, ...this.#described.map((describe) => describe()));
    const own = { at: Date.now(), stale, ...(clock !== undefined && { clock }) };
    return { ...this.#deps.describe(), ...this.#told, ...more, ...own };
  }

  /** Asks the store which members live. Rejects with a `StoreError`; without a store, this one is alone. */
  async members(): Promise<readonly ClusterMember[]> {
    if (this.#store === undefined || !this.#hasStore) return [{ name: this.member, ...this.info }];
    const { clusterMember } = await import('./member-info.ts');
    return (await this.#store.members()).map(clusterMember);
  }

  /** Says more of this member with each beat from now on, and all that has changed soon. */
  tell(part: MemberInfo): void {
    this.#told = { ...this.#told, ...part };
    this.#beats?.soon();
  }

  /** From now on gauges show this of what is pushed to all members. */
  showConfig(gauges: () => ConfigGauges): void {
    this.#configGauges = gauges;
  }

  /** Has these fields said with each beat from now on, as they are then. */
  describeBy(describe: () => MemberInfo): void {
    this.#described.push(describe);
  }

  /** What lends to one process, for each a new one. Undefined: it shares with nobody. */
  lender(): MachineLender | undefined {
    const store = this.#store;
    const shares = this.#shares;
    if (store === undefined || shares === undefined) return undefined;
    this.#lenders += 1;
    const holder = `${this.member}/${this.#id}/${this.#lenders}`;
    return new MachineLender({ store, shares, parties: () => this.memberCount, holder, onLent: this.#counter?.lent });
  }

  /** What each of `workers` starts with to lend from this process. */
  lending(workers: number): Lending {
    const { store } = this.#deps.parsed.config;
    return {
      parties: this.memberCount * workers,
      away: store?.away ?? 'local',
      deadline: store?.deadline ?? USUAL_DEADLINE,
    };
  }

  /** A successor has begun, which is the same member and beats from now on. This process still lends. */
  replaced(): void {
    this.#beats?.end();
  }

  /** Ends the connection, and tells others that this member is gone. Nothing is lent any more. */
  async close(): Promise<void> {
    await this.#beats?.leave();
    await Promise.all([this.#store?.close(), this.#shares?.close()]);
  }

  #nameIs(isTaken: boolean): void {
    const why = 'Another program is a member of the same name; give one of them another "cluster.member".';
    this.stale.set('name', isTaken ? why : undefined);
    if (isTaken) this.#deps.logger.error({ member: this.member }, 'another program is a member of the same name');
    this.#beats?.soon();
  }

  /** What this member shares with others. Secrets only where there is something to seal them by. */
  get #shared(): SharedKind[] {
    const { config, clusterFiles } = this.#deps.parsed;
    if (clusterFiles.secrets === undefined) return ['limits', 'logins'];
    return ['limits', 'logins', 'tickets', ...(config.acme === undefined ? [] : (['certificates'] as const))];
  }

  /** All that is shared is as it was last known, or counted here alone, while the store is away, or takes nothing because it is full. */
  get #staleShared(): StaleNow[] {
    const store = this.#store;
    if (store === undefined || !this.#hasStore) return [];
    const { since, lastFailure: why = 'It is away.' } = store.calls;
    const away = store.status === 'here' ? this.#refused : { since, why };
    return away === undefined ? [] : this.#shared.map((what) => ({ what, ...away }));
  }

  /** Since when the store has taken no beat, and why, if that is long. */
  get #refused(): Beats['failing'] {
    const failing = this.#beats?.failing;
    return failing !== undefined && Date.now() - failing.since > REFUSED ? failing : undefined;
  }

  get #gauges(): ClusterGauges {
    return { isUp: this.#store?.status === 'here', members: this.memberCount, config: this.#configGauges() };
  }
}
