import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from '@inband/core';
import type { Store } from '@inband/store';
import type { ParsedConfig } from '../config/parse-config.ts';
import { packageVersion } from '../own-files/own-files.ts';
import { AwayShares } from './lending/away-shares.ts';
import type { Lending } from './lending/lend-messages.ts';
import { MachineLender } from './lending/machine-lender.ts';
import { type ClusterMember, clusterMember, type MemberInfo } from './member-info.ts';

/** Milliseconds between two beats. A member that misses three is not there any more. */
const EVERY = 10_000;
/** Milliseconds until a beat because something has changed, so that several changes are one, and until one after a beat that failed. */
const SOON = 100;
const AGAIN = 500;
/** `store.deadline` of a machine whose workers share by its memory. */
const USUAL_DEADLINE = 50;

async function openMemory(): Promise<Store> {
  return (await import('./lending/memory.ts')).openMemory();
}

export interface ClusterSideDeps {
  readonly logger: Logger;
  readonly parsed: Pick<ParsedConfig, 'config' | 'clusterFiles'>;
  /** Whether several processes serve clients. */
  readonly hasWorkers: boolean;
  /** What is said of this member with each beat, beside what is known here. */
  readonly describe: () => MemberInfo;
  /** Called when another number of members is known. */
  readonly onMembers?: (members: number) => void;
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
  readonly #deps: ClusterSideDeps;
  readonly #hasStore: boolean;
  #store: Store | undefined = undefined;
  #shares: AwayShares | undefined = undefined;
  #memberCount = 1;
  /** Of this process, among all that have ever been. */
  readonly #id = randomUUID();
  #lenders = 0;
  #told: MemberInfo = {};
  #beats: NodeJS.Timeout | undefined = undefined;
  #soon: NodeJS.Timeout | undefined = undefined;

  constructor(deps: ClusterSideDeps) {
    const { cluster, store } = deps.parsed.config;
    this.#deps = deps;
    this.name = cluster?.name ?? 'default';
    this.member = cluster?.member ?? hostname();
    this.#hasStore = store !== undefined && store.type !== 'memory';
  }

  /** Opens the store, where there is one. Does not wait for a server. Begins to beat. */
  async open(): Promise<void> {
    const { logger, parsed, hasWorkers } = this.#deps;
    if (!this.#hasStore && !hasWorkers) return;
    const { openConfiguredStore } = await import('./open-store.ts');
    const deps = { logger, files: parsed.clusterFiles, name: this.name };
    this.#store = await openConfiguredStore(parsed.config.store, deps);
    const { away } = this.lending(1);
    this.#shares = new AwayShares({ policy: away, parties: () => this.#memberCount, open: openMemory });
    if (!this.#hasStore) return;
    this.#told = { version: packageVersion(), pid: process.pid, started: Math.round(performance.timeOrigin) };
    this.#beats = setInterval(() => void this.#beat(), EVERY).unref();
    // Not at once, because the connection is only being made.
    this.#beatIn(SOON);
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

  /** Members that live, as far as it is known: as of the last beat that was answered. This one is among them. */
  get memberCount(): number {
    return this.#memberCount;
  }

  /** Asks the store which members live. Rejects with a `StoreError`; without a store, this one is alone. */
  async members(): Promise<readonly ClusterMember[]> {
    if (this.#store === undefined || !this.#hasStore) return [{ name: this.member, ...this.#info }];
    return (await this.#store.members()).map(clusterMember);
  }

  /** Says more of this member with each beat from now on, and all that has changed soon. */
  tell(part: MemberInfo): void {
    this.#told = { ...this.#told, ...part };
    this.#beatIn(SOON);
  }

  /** What lends to one process, for each a new one. Undefined: it shares with nobody. */
  lender(): MachineLender | undefined {
    const store = this.#store;
    const shares = this.#shares;
    if (store === undefined || shares === undefined) return undefined;
    this.#lenders += 1;
    const holder = `${this.member}/${this.#id}/${this.#lenders}`;
    return new MachineLender({ store, shares, parties: () => this.#memberCount, holder });
  }

  /** What each of `workers` starts with to lend from this process. */
  lending(workers: number): Lending {
    const { store } = this.#deps.parsed.config;
    return {
      parties: this.#memberCount * workers,
      away: store?.away ?? 'local',
      deadline: store?.deadline ?? USUAL_DEADLINE,
    };
  }

  /** A successor has begun, which is the same member and beats from now on. This process still lends. */
  replaced(): void {
    clearInterval(this.#beats);
    clearTimeout(this.#soon);
    this.#beats = undefined;
  }

  /** Ends the connection. Nothing is lent any more. */
  async close(): Promise<void> {
    this.replaced();
    await Promise.all([this.#store?.close(), this.#shares?.close()]);
  }

  get #info(): MemberInfo {
    return { ...this.#deps.describe(), ...this.#told };
  }

  #beatIn(milliseconds: number): void {
    if (this.#beats === undefined || this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.#beat();
    }, milliseconds).unref();
  }

  /** While the store is away, what was known last stays so. */
  async #beat(): Promise<void> {
    const before = this.#memberCount;
    try {
      this.#memberCount = Math.max(1, (await this.#store?.beat(this.member, JSON.stringify(this.#info))) ?? 1);
    } catch (error) {
      this.#deps.logger.debug({ err: error }, 'the store was not told that this member lives');
      this.#beatIn(AGAIN);
    }
    if (this.#memberCount !== before) this.#deps.onMembers?.(this.#memberCount);
  }
}
