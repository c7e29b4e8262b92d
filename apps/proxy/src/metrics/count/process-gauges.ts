import { descriptorLimit, queuedBytes, relayTotals, wholeBodies } from '@inband/core';
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { type Metric, PROCESS_METRICS } from '../definitions.ts';

const M = PROCESS_METRICS;

/** Milliseconds between the timers whose delay is measured. */
const RESOLUTION = 20;
const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;

/** What the gauges of a process are read from. */
export interface ProcessState {
  /** Client connections. */
  readonly clients: number;
  readonly servers: { readonly open: number; readonly idle: number };
  /** Bytes: see `WaitingBytes`. */
  readonly waiting: number;
  readonly generation: number;
  readonly generationsAlive: number;
  /** How many servers of each pool are in each state. */
  readonly pools: readonly PoolServers[];
}

/** See `PoolCount`. */
export interface PoolServers {
  readonly name: string;
  readonly up: number;
  readonly down: number;
  readonly ordered: number;
}

/** Reads once a second what a process does not count itself, and writes it into memory. */
export class ProcessGauges {
  readonly #writer: SeriesWriter;
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;
  #use: EventLoopUtilization = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #relayed = relayTotals();
  /** The names of the pools that there were. */
  #pools = new Set<string>();
  #lines = 0;

  constructor(writer: SeriesWriter) {
    this.#writer = writer;
    const limit = descriptorLimit();
    if (limit !== undefined) this.#set(M.descriptorLimit, [], limit);
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION });
    this.#delay.enable();
  }

  /** `state` is undefined of a process that serves nobody. `lines`: of the log, dropped since its start. */
  take(state: ProcessState | undefined, lines: number): void {
    if (state !== undefined) this.#takeState(state);
    this.#add(M.logLines, [], lines - this.#lines);
    this.#lines = lines;
    const memory = memoryUse();
    if (memory !== undefined) {
      this.#set(M.memory, ['resident'], memory.rss);
      this.#set(M.memory, ['heap'], memory.heapUsed);
    }
    const cpu = process.cpuUsage();
    this.#add(M.cpu, ['user'], (cpu.user - this.#cpu.user) / MICROSECONDS);
    this.#add(M.cpu, ['system'], (cpu.system - this.#cpu.system) / MICROSECONDS);
    this.#cpu = cpu;
    this.#takeLoop();
  }

  #takeState(state: ProcessState): void {
    this.#set(M.clients, [], state.clients);
    this.#set(M.serversInUse, ['in_use'], state.servers.open - state.servers.idle);
    this.#set(M.serversInUse, ['idle'], state.servers.idle);
    this.#set(M.waiting, [], state.waiting);
    this.#set(M.queued, ['peers'], queuedBytes.total);
    this.#set(M.queued, ['bodies'], wholeBodies.total);
    this.#set(M.generation, [], state.generation);
    this.#set(M.generationsAlive, [], state.generationsAlive);
    this.#takePools(state.pools);
    const relayed = relayTotals();
    this.#set(M.tunnelsOpen, [], relayed.open);
    this.#add(M.relayed, ['in'], relayed.bytesIn - this.#relayed.bytesIn);
    this.#add(M.relayed, ['out'], relayed.bytesOut - this.#relayed.bytesOut);
    this.#relayed = relayed;
  }

  #takePools(pools: readonly PoolServers[]): void {
    const names = new Set(pools.map(({ name }) => name));
    // Of a pool that a reload has removed.
    for (const gone of this.#pools.difference(names)) this.#takePool({ name: gone, up: 0, down: 0, ordered: 0 });
    for (const pool of pools) this.#takePool(pool);
    this.#pools = names;
  }

  #takePool({ name, up, down, ordered }: PoolServers): void {
    this.#set(M.poolServers, [name, 'up'], up);
    this.#set(M.poolServers, [name, 'down'], down);
    this.#set(M.poolServers, [name, 'ordered'], ordered);
  }

  #takeLoop(): void {
    const delay = this.#delay;
    this.#set(M.loopDelay, ['mean'], late(delay.mean));
    this.#set(M.loopDelay, ['p99'], late(delay.percentile(99)));
    this.#set(M.loopDelay, ['max'], late(delay.max));
    delay.reset();
    const use = performance.eventLoopUtilization();
    this.#set(M.loopUse, [], performance.eventLoopUtilization(use, this.#use).utilization);
    this.#use = use;
  }

  #set({ name }: Metric, labels: readonly string[], value: number): void {
    this.#writer.values[this.#writer.place(name, labels)] = value;
  }

  #add({ name }: Metric, labels: readonly string[], by: number): void {
    const place = this.#writer.place(name, labels);
    this.#writer.values[place] = this.#writer.values[place]! + by;
  }

  close(): void {
    this.#delay.disable();
  }
}

/** Undefined while the process has no file descriptor left, because Node.js reads a file for it and throws (EMFILE). */
function memoryUse(): NodeJS.MemoryUsage | undefined {
  try {
    return process.memoryUsage();
  } catch {
    return undefined;
  }
}

/** Seconds by which a timer was late, of the time between two of them. */
function late(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION / 1000) : 0;
}
