import type { FilesRead } from '../../config/read/config-files.ts';
import { socketsOfWorker } from '../../handover/inherited-sockets.ts';
import { processPseudonym } from '../../run/build/pseudonym.ts';
import type { BoundAddresses } from '../../run/listeners/open-socket.ts';
import type { SentTicketKeys } from '../../session-tickets/ticket-keys.ts';
import type { Order } from './messages.ts';
import type { WorkerGroupOptions } from './worker-group-options.ts';

/** What a worker is started with besides what all of them have for as long as the group lives. */
export interface StartingWorker {
  readonly number: number;
  /** See `Order`. */
  readonly memory: number;
  /** How many workers there are. */
  readonly size: number;
  readonly files: FilesRead | undefined;
  readonly generation: number;
  readonly bound: BoundAddresses | undefined;
  readonly ticketKeys: SentTicketKeys;
  readonly notices: StartOrder['notices'];
  readonly hasTunnels: boolean;
}

export type StartOrder = Extract<Order, { type: 'start' }>;

/** The first message to a worker: the state of everything as of now. */
export function startOrder(
  { file, inherited, serverOrders, acme, cluster, secrets, metrics }: WorkerGroupOptions,
  { number, memory, size, files, generation, bound, ticketKeys, notices, hasTunnels }: StartingWorker,
): StartOrder {
  return {
    type: 'start',
    file,
    files,
    generation,
    pseudonym: processPseudonym(),
    bound,
    worker: memory,
    sockets: socketsOfWorker(inherited.all, number, size),
    serverOrders: serverOrders(),
    ticketKeys,
    acme: acme.state(),
    lending: cluster.lending(size),
    notices,
    revoked: secrets.revoked(),
    hasTunnels,
    hasMetrics: metrics !== undefined,
  };
}
