import { type Notices, ProxyError } from '@inband/core';
import type { AcmeState } from '../acme/acme-view.ts';
import type { FilesRead } from '../config/read/config-files.ts';
import type { ShutdownTimes } from '../run/shutdown.ts';
import { BackOff } from '../run/back-off.ts';
import type { Revoked } from '../revoked/revoked.ts';
import { sentTicketKeys, TicketKeyRing } from '../session-tickets/ticket-keys.ts';
import { CurrentConfig, LAST_WORDS, type Switched } from './reload/current-config.ts';
import type { Ready } from './process/messages.ts';
import { MachineNotices } from './notices/machine-notices.ts';
import { partOfMemory } from './memory/part-of-memory.ts';
import { forgetTunnelsOf, openTunnelTable } from './memory/tunnel-table.ts';
import { isAccident, meaningOf, startError } from './process/worker-end.ts';
import { ReadyWorkers } from './ready-workers.ts';
import { startOrder } from './process/start-order.ts';
import type { WorkerGroupOptions } from './process/worker-group-options.ts';
import { WorkerProcess } from './process/worker-process.ts';

/** Milliseconds after the grace period, for closing connections and writing the log, until a worker is killed. */
const LATE = 3_000;
/** Milliseconds for a worker to take what is kept by ACME. */
const LONGEST_TAKING = 5_000;

/** What a process is in the group. */
interface Place {
  /** Its number. */
  readonly number: number;
  /**
   * Its part of the memory that workers share: that of its number, or another one while a process of the same number finishes, because
   * both would write to it.
   */
  readonly memory: number;
}

/** The worker processes: starts them together, restarts each that ends, and ends them together. Owns every process. */
export class WorkerGroup {
  /** Asks those that accept clients. */
  readonly ready: ReadyWorkers;
  readonly #options: WorkerGroupOptions;
  readonly #running = new Map<WorkerProcess, Place>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** The processes that accept clients, by number. */
  readonly #ready = new Map<number, WorkerProcess>();
  /** What they tell each other. */
  readonly #notices = new MachineNotices(this.#ready);
  /** Workers that finish because there are to be fewer. */
  readonly #leaving = new Set<WorkerProcess>();
  #size: number;
  /** Milliseconds for the clients of workers that are too many. */
  #drainGrace = 0;
  #isEnding = false;
  readonly #config: CurrentConfig;
  /** The table that workers share about their tunnels. Its descriptor stays open as long as this process lives. */
  readonly #tunnels = openTunnelTable();
  /** All workers have the same, so that a client can resume its session with any of them. */
  readonly ticketKeys = new TicketKeyRing((keys) => {
    for (const worker of this.#running.keys()) worker.tellTicketKeys(sentTicketKeys(keys));
  });

  constructor(options: WorkerGroupOptions) {
    this.#options = options;
    this.#size = options.size;
    this.#config = new CurrentConfig(options.logger, () => this.#isEnding);
    this.ready = new ReadyWorkers({
      workers: this.#ready,
      size: () => this.#size,
      inherited: options.inherited,
    });
  }

  /**
   * Resolves with the report of the first worker when all of them accept. The first one binds alone, so that an error is
   * found and reported once. Rejects if a worker ends before it is ready; the caller then aborts the others. From then on a
   * worker that ends is restarted.
   */
  async start(files: FilesRead | undefined): Promise<Ready> {
    this.#config.begin(files);
    const [first, ready] = await this.#whenReady(1, this.#fork(1));
    this.#config.isBound(ready.addresses);
    if (this.#isEnding) throw new ProxyError('proxy_internal_error', 'inband: it was stopped while starting.');
    const numbers = Array.from({ length: this.#size - 1 }, (_, index) => index + 2);
    const others = await Promise.all(numbers.map((number) => this.#whenReady(number, this.#fork(number))));
    const workers = [first, ...others.map(([worker]) => worker)];
    for (const [index, worker] of workers.entries()) this.#watch(index + 1, worker, new BackOff());
    return ready;
  }

  /**
   * Makes another configuration the current one in all workers, or in none: rejects if one of them cannot, and then nothing has
   * changed. A worker that ends meanwhile is restarted with the configuration that has won. With more workers than before (`size`)
   * others are started; of those that are too many each has `grace` milliseconds for its clients.
   */
  async reload(files: FilesRead | undefined, { size, grace }: { size: number; grace: number }): Promise<Switched> {
    const workers = [...this.#ready].toSorted(([a], [b]) => a - b).map(([, worker]) => worker);
    const switched = await this.#config.replace(workers, files);
    this.#resize(size, grace);
    return switched;
  }

  #resize(size: number, grace: number): void {
    const before = this.#size;
    this.#size = size;
    if (size !== before) this.tellParties();
    for (let number = before + 1; number <= size; number += 1) this.#restart(number, new BackOff());
    this.#drainGrace = grace;
    for (const [number, worker] of this.#ready) if (number > size) this.#letGo(number, worker);
  }

  /** A worker that is one too many: it accepts no clients any more, and those that it has may finish. */
  #letGo(number: number, worker: WorkerProcess): void {
    this.#ready.delete(number);
    this.#notices.choose();
    this.#leaving.add(worker);
    this.#options.logger.info({ worker: number, workerPid: worker.pid }, 'a worker finishes; there are to be fewer');
    void worker.stop({ grace: this.#drainGrace, tunnels: this.#drainGrace }, LATE, 'close');
  }

  /** Where the supervisor itself tells workers something, and hears of them. */
  get notices(): Notices {
    return this.#notices.own;
  }

  /** Client connections of all workers, as of the last second. */
  get open(): number {
    return [...this.#running.keys()].reduce((open, worker) => open + worker.open, 0);
  }

  /** Tells all workers among how many processes limits divide. */
  tellParties(): void {
    const { parties } = this.#options.cluster.lending(this.#size);
    for (const worker of this.#running.keys()) worker.tellParties(parties);
  }

  /** Tells all workers which tokens are revoked. */
  tellRevoked(revoked: readonly Revoked[]): void {
    for (const worker of this.#running.keys()) worker.tellRevoked(revoked);
  }

  /** Tells all workers what is kept by ACME. Resolves when they know, or do not answer. */
  async tellAcme(state: AcmeState): Promise<void> {
    await Promise.all(Array.from(this.#running.keys(), (worker) => worker.tellAcme(state, LONGEST_TAKING)));
  }

  /** Lets all workers finish within `times`, and kills those that do not. `listen`: see `WorkerProcess.stop`. */
  async stop(times: ShutdownTimes, listen?: 'handed-over'): Promise<void> {
    await this.#end((worker) => worker.stop(times, LATE, listen));
  }

  /** Ends all workers immediately. */
  async abort(): Promise<void> {
    await this.#end((worker) => worker.abort(LAST_WORDS));
  }

  async #end(how: (worker: WorkerProcess) => Promise<void>): Promise<void> {
    this.#isEnding = true;
    this.ticketKeys.close();
    this.#notices.close();
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    await Promise.all([...this.#running.keys()].map(how));
  }

  /** Resolves with the worker `number` when it is ready. */
  async #whenReady(number: number, worker: WorkerProcess): Promise<readonly [WorkerProcess, Ready]> {
    const ready = await worker.ready;
    if (ready !== undefined) return [worker, ready];
    const end = await worker.ended;
    if (isAccident(end) && !this.#isEnding) return this.#whenReady(number, this.#fork(number));
    throw startError(number, end);
  }

  #fork(number: number): WorkerProcess {
    const { logger, metrics, acme, cluster, secrets, timeout } = this.#options;
    const { files, generation, bound } = this.#config;
    const tunnels = this.#tunnels;
    const size = this.#size;
    const used = new Set(Array.from(this.#running.values(), (place) => place.memory));
    const memory = partOfMemory(number, size, used);
    const order = startOrder(this.#options, {
      number,
      memory,
      size,
      files,
      generation,
      bound,
      ticketKeys: sentTicketKeys(this.ticketKeys.current),
      notices: this.#notices.known,
      hasTunnels: tunnels !== undefined,
    });
    const forWorker = { demand: acme.demand, lender: cluster.lender(), guesses: secrets.guesses() };
    const worker = new WorkerProcess(order, { tunnels, metrics }, forWorker, timeout, ({ pid }, silentFor) => {
      logger.error({ worker: number, workerPid: pid, silentFor }, 'a worker does not answer; killing it');
    });
    this.#running.set(worker, { number, memory });
    this.#notices.join(worker);
    void worker.ready.then((ready) => {
      if (ready === undefined) return;
      if (number > this.#size) return this.#letGo(number, worker);
      this.#ready.set(number, worker);
      this.#notices.choose();
      void this.#config.catchUp(worker, files);
      this.#options.onReady(number, order.serverOrders);
    });
    void worker.ended.then(() => {
      this.#running.delete(worker);
      if (this.#ready.get(number) === worker) this.#ready.delete(number);
      this.#notices.leave(worker);
      if (tunnels !== undefined && !this.#isEnding) forgetTunnelsOf(tunnels, memory);
    });
    return worker;
  }

  /** Whether there is a process of this number that does not finish, or starts. */
  #has(number: number): boolean {
    return [...this.#running].some(([worker, place]) => place.number === number && !this.#leaving.has(worker));
  }

  /** Restarts a worker when it ends, and the one after it. */
  #watch(number: number, worker: WorkerProcess, backOff: BackOff): void {
    void worker.ended.then((end) => {
      const { code, signal, failure, ran } = end;
      const { logger } = this.#options;
      const fields = { worker: number, workerPid: worker.pid, code, signal, detail: failure };
      const meaning = meaningOf(end, this.#isEnding, this.#leaving.delete(worker));
      if (meaning === 'orderly') return;
      if (meaning === 'disorderly') return logger.warn(fields, 'a worker did not end in an orderly way');
      if (meaning === 'finished') return logger.info(fields, 'a worker has finished');
      const restartIn = backOff.after(ran);
      if (meaning === 'ended') logger.warn({ ...fields, restartIn }, 'a worker ended');
      else logger.error({ ...fields, restartIn }, 'a worker died; its connections are lost');
      const timer = setTimeout(() => {
        this.#restarts.delete(timer);
        this.#options.onRestart?.();
        this.#restart(number, backOff);
      }, restartIn);
      this.#restarts.add(timer);
    });
  }

  #restart(number: number, backOff: BackOff): void {
    // There are to be fewer; or were meanwhile, and it has come back already.
    if (number > this.#size || this.#has(number)) return;
    const worker = this.#fork(number);
    this.#watch(number, worker, backOff);
    void worker.ready.then((ready) => {
      if (ready !== undefined) this.#options.logger.info({ worker: number, workerPid: worker.pid }, 'restarted');
    });
  }
}
