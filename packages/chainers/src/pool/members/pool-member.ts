import type { EstablishOptions, ServerOrder, SockAddr } from '@inband/core';
import type { TimedCandidate } from '../balance/latency.ts';
import { PeakLatency } from '../balance/peak-latency.ts';
import { Ejection, type EjectionOptions } from '../health/ejection.ts';
import type { KnownServer } from '../sources/server-source.ts';

/** A server of a pool, with what this process knows of it. */
export class PoolMember implements TimedCandidate {
  readonly id: string;
  readonly remote: SockAddr;
  /** How connections to it are made. */
  readonly how: EstablishOptions;
  readonly latency = new PeakLatency();
  readonly ejection: Ejection;
  inFlight = 0;
  /** What it failed with last, in one sentence, and when (`Date.now`). Undefined once it is well. */
  failure: { readonly why: string; readonly since: number } | undefined = undefined;
  /** What an operator has ordered. */
  order: ServerOrder | undefined = undefined;
  #server: KnownServer;

  constructor(server: KnownServer, how: EstablishOptions, ejection: EjectionOptions) {
    this.id = server.id;
    this.remote = server.remote;
    this.how = how;
    this.#server = server;
    this.ejection = new Ejection(ejection);
  }

  /** As its source tells it now. */
  get server(): KnownServer {
    return this.#server;
  }

  get weight(): number {
    return this.#server.weight ?? 1;
  }

  get isBackup(): boolean {
    return this.#server.backup === true;
  }

  get isFull(): boolean {
    return this.inFlight >= (this.#server.maxConnections ?? Infinity);
  }

  /** Its source tells other options of it. What is known of it stays. */
  update(server: KnownServer): void {
    this.#server = server;
  }
}
