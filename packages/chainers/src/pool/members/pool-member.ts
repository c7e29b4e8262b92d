import type { EstablishOptions, ServerOrder, SockAddr } from '@inband/core';
import type { TimedCandidate } from '../balance/latency.ts';
import { PeakLatency } from '../balance/peak-latency.ts';
import { type HealthOptions, ServerHealth } from '../health/server-health.ts';
import type { KnownServer } from '../sources/server-source.ts';
import { tierOf } from '../sources/subset-source.ts';

/** A server of a pool, with what this process knows of it. */
export class PoolMember implements TimedCandidate {
  readonly id: string;
  readonly remote: SockAddr;
  /** How connections to it are made. */
  readonly how: EstablishOptions;
  latency = new PeakLatency();
  health: ServerHealth;
  /** Its share now: less than configured while it starts slowly. */
  weight: number;
  inFlight = 0;
  /** What an operator has ordered. */
  order: ServerOrder | undefined = undefined;
  #server: KnownServer;

  constructor(server: KnownServer, how: EstablishOptions, health: HealthOptions) {
    this.id = server.id;
    this.remote = server.remote;
    this.how = how;
    this.#server = server;
    this.health = new ServerHealth(health);
    this.weight = this.fullWeight;
  }

  /** As its source tells it now. */
  get server(): KnownServer {
    return this.#server;
  }

  /** As configured. */
  get fullWeight(): number {
    return this.#server.weight ?? 1;
  }

  /** Lower numbers come first. Backups come behind all others. */
  get tier(): number {
    return tierOf(this.#server);
  }

  get isFull(): boolean {
    return this.inFlight >= (this.#server.maxConnections ?? Infinity);
  }

  /** Whether it may have sessions, wherever it stands: it is up, and no operator has taken it out. */
  isUsable(now: number): boolean {
    return this.order === undefined && this.health.isUp(now);
  }

  /** Its source tells other options of it. What is known of it stays. */
  update(server: KnownServer): void {
    this.#server = server;
  }

  /** It comes back, perhaps as another program. What was known of it is forgotten, but its sessions that still run count. */
  beginAnew(health: HealthOptions): void {
    this.latency = new PeakLatency();
    this.health = new ServerHealth(health);
  }
}
