import type { Logger, SharedGuesses } from '@inband/core';
import type { AcmeState, Demand } from '../../acme/acme-view.ts';
import type { Lending } from '../../cluster/lending/lend-messages.ts';
import type { MachineLender } from '../../cluster/lending/machine-lender.ts';
import type { InheritedSockets } from '../../handover/inherited-sockets.ts';
import type { Revoked } from '../../revoked/revoked.ts';
import type { PoolOrder } from '../../run/observed/pool-orders.ts';

/** What a group of workers is made of. */
export interface WorkerGroupOptions {
  readonly size: number;
  /** Milliseconds without an answer after which a worker is replaced. */
  readonly timeout: number;
  /** Of the configuration. */
  readonly file: string | undefined;
  /** The listening sockets that this process was started with. */
  readonly inherited: InheritedSockets;
  readonly logger: Logger;
  /** What the next process starts with of them. */
  readonly serverOrders: () => readonly PoolOrder[];
  /** What the next process starts with of ACME, and who orders certificates for the clients of all. */
  readonly acme: { readonly state: () => AcmeState; readonly demand: Demand };
  /** What each worker lends from. */
  readonly cluster: {
    readonly lender: () => MachineLender | undefined;
    readonly lending: (workers: number) => Lending;
  };
  /** The tokens that the next process starts with as revoked, and what counts wrong guesses for all. */
  readonly secrets: {
    readonly revoked: () => readonly Revoked[];
    readonly guesses: () => SharedGuesses | undefined;
  };
  /** Called when a worker accepts clients, with what it was started with. */
  readonly onReady: (worker: number, serverOrders: readonly PoolOrder[]) => void;
  /** The descriptor of the memory of the metrics, where there are any. */
  readonly metrics?: number | undefined;
  /** Called when a worker that has ended is started again. */
  readonly onRestart?: (() => void) | undefined;
}
