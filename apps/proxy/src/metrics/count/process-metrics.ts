import {
  type PoolWatcher,
  type ResolverWatcher,
  type SessionListener,
  type SessionRecord,
  type SockAddr,
} from '@inband/core';
import type { KeptStatus } from '@inband/acme';
import type { Config } from '../../config/schema/schema.ts';
import { secrets } from '../../secrets/secret-texts.ts';
import type { SegmentMemory } from '../../shared-memory/memory.ts';
import { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { PART_METRICS } from '../definitions.ts';
import { AcmeGauges } from './acme-gauges.ts';
import { KeyTable } from '../key-table.ts';
import { poolWatcher, resolverWatcher } from './part-watchers.ts';
import { ProcessGauges, type ProcessState } from './process-gauges.ts';
import { HandshakeCounter } from './handshake-counter.ts';
import { ReloadCounter } from './reload-counter.ts';
import { RecentKeys } from './recent-keys.ts';
import { SessionCounters } from './session-counters.ts';
import { type ClusterGauges, StoreCounter } from './store-counter.ts';
import { CLIENTS_TABLE, HOSTS_TABLE, TARGETS_TABLE } from '../tables.ts';
import { TopKeys } from '../top-keys.ts';

/** Clients and targets that are shown, and how many are counted for that. */
const SHOWN = 20;
const COUNTED = 100;
/** Hosts that are counted for each that is shown: the more, the smaller the error. */
const HOSTS_COUNTED = 10;
/** Milliseconds between two looks at the gauges. */
const EVERY = 1_000;

export interface ProcessMetricsOptions {
  readonly memory: SegmentMemory;
  /** `metrics.hosts`. */
  readonly hosts: number;
  /** `metrics.routes`. */
  readonly byRoute: boolean;
  /** Lines of the log that were dropped since the start. */
  readonly droppedLines: () => number;
}

/** All that one process counts, in memory that others read. Made only where `metrics` or `admin` is configured. */
export class ProcessMetrics {
  readonly #writer: SeriesWriter;
  readonly pool: PoolWatcher;
  readonly reloads: ReloadCounter;
  /** TLS handshakes with clients, and with servers. */
  readonly handshakes: HandshakeCounter;
  readonly serverHandshakes: HandshakeCounter;
  readonly onSession: SessionListener;
  readonly #sessions: SessionCounters;
  readonly #gauges: ProcessGauges;
  readonly #droppedLines: () => number;
  readonly #pauses: number;
  readonly #clients: RecentKeys;
  readonly #targets: RecentKeys;
  readonly #hosts: TopKeys | undefined;
  readonly #clientTable: KeyTable;
  readonly #targetTable: KeyTable;
  readonly #hostTable: KeyTable | undefined;
  readonly #timer: NodeJS.Timeout;
  #state: (() => ProcessState) | undefined = undefined;
  #acme: AcmeGauges | undefined = undefined;
  #store: StoreCounter | undefined = undefined;
  /** To the second. */
  #now = Date.now();

  constructor({ memory, hosts, byRoute, droppedLines }: ProcessMetricsOptions) {
    const writer = new SeriesWriter(memory, { pid: process.pid, startedAt: performance.timeOrigin });
    this.#writer = writer;
    this.pool = poolWatcher(writer);
    this.reloads = new ReloadCounter(writer);
    this.handshakes = new HandshakeCounter(writer, PART_METRICS.handshakes.name);
    this.serverHandshakes = new HandshakeCounter(writer, PART_METRICS.serverHandshakes.name);
    const reused = writer.place(PART_METRICS.reused.name, []);
    this.#sessions = new SessionCounters(writer, { now: () => this.#now, reused, byRoute });
    this.#pauses = writer.place(PART_METRICS.pauses.name, []);
    this.#gauges = new ProcessGauges(writer);
    this.#droppedLines = droppedLines;
    this.#clientTable = new KeyTable(writer, CLIENTS_TABLE, SHOWN);
    this.#targetTable = new KeyTable(writer, TARGETS_TABLE, SHOWN);
    // A worker that takes the place of another goes on with what that had.
    this.#clients = new RecentKeys(COUNTED, this.#now, this.#clientTable.read());
    this.#targets = new RecentKeys(COUNTED, this.#now, this.#targetTable.read());
    if (hosts > 0) {
      this.#hosts = new TopKeys(hosts * HOSTS_COUNTED);
      // All that are counted, because whoever reads adds those of all workers up.
      this.#hostTable = new KeyTable(writer, HOSTS_TABLE, hosts * HOSTS_COUNTED);
      for (const { key, requests, bytes } of this.#hostTable.read()) this.#hosts.add(key, bytes, requests);
    }
    this.onSession = (record) => {
      this.#sessions.count(record);
      this.#countKeys(record);
    };
    this.sample();
    this.#timer = setInterval(() => this.sample(), EVERY).unref();
  }

  #countKeys({ session, bytesIn, bytesOut }: SessionRecord): void {
    const { address } = session.client;
    const bytes = bytesIn + bytesOut;
    this.#clients.add(address.family === 'unix' ? 'unix' : address.address, bytes);
    const asked = session.target?.host;
    if (asked === undefined) return;
    const host = secrets.isEmpty ? asked : secrets.redact(asked);
    this.#targets.add(host, bytes);
    this.#hosts?.add(host, bytes);
  }

  /** Says which services there are. */
  configure({ services }: Config): void {
    const guards = Object.entries(services).filter(([, { proxy }]) => proxy === 'tls');
    this.#sessions.configure(new Set(Object.keys(services)), new Set(guards.map(([name]) => name)));
  }

  /** From now on the gauges show this. */
  watch(state: () => ProcessState): void {
    this.#state = state;
    this.sample();
  }

  /** From now on gauges show this, too. */
  watchAcme(status: () => readonly KeptStatus[]): void {
    this.#acme = new AcmeGauges(this.#writer, status);
  }

  /** From now on gauges show this of a cluster. Returns what counts the calls of its store. */
  countStore(gauges: () => ClusterGauges): StoreCounter {
    return (this.#store = new StoreCounter(this.#writer, gauges));
  }

  /** Of resolvers of a type. */
  resolver(type: string): ResolverWatcher {
    return resolverWatcher(this.#writer, type);
  }

  /** A limit of connections was reached: see `ConnectionLimits.onLimit`. */
  readonly limited = (setting: string, client?: SockAddr): void => {
    if (client === undefined) this.#writer.values[this.#pauses] = this.#writer.values[this.#pauses]! + 1;
    else this.#sessions.refused(setting);
  };

  /** Clients were reset: see `ConnectionLimits.onOverload`. */
  readonly overloaded = (count: number): void => {
    this.#sessions.refused('limits.overloadAfter', count);
  };

  /** Brings everything up to date that is not counted at once. Called once a second. */
  sample(): void {
    this.#now = Date.now();
    this.#gauges.take(this.#state?.(), this.#droppedLines());
    this.#acme?.take();
    this.#store?.take();
    this.#clientTable.write(this.#clients.top(SHOWN, this.#now));
    this.#targetTable.write(this.#targets.top(SHOWN, this.#now));
    if (this.#hosts !== undefined) this.#hostTable?.write(this.#hosts.top(this.#hostTable.rows));
    this.#writer.sampled(this.#now);
  }

  close(): void {
    clearInterval(this.#timer);
    // What it is read from may be closed by now.
    this.#state = undefined;
    this.sample();
    this.#writer.ended();
    this.#gauges.close();
  }
}
