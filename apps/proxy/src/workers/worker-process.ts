import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Heartbeat, INTERVAL, processorWait } from './heartbeat.ts';
import type { Order, Ready, Report } from './messages.ts';

const program = fileURLToPath(new URL('../../bin/worker.mjs', import.meta.url));

type StartOrder = Extract<Order, { type: 'start' }>;

/** How a worker process ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not start, in its own words. */
  readonly failure: string | undefined;
  /** Milliseconds that it lived. */
  readonly ran: number;
}

/** One worker process, from its fork to its end. Standard output and standard error are the supervisor's own. */
export class WorkerProcess {
  readonly pid: number | undefined;
  /** What it reports once it accepts; undefined when it ended before. */
  readonly ready: Promise<Ready | undefined>;
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;

  /** It inherits the descriptor `tunnels`. `onSilent` hears when it does not run its event loop any more; then it is killed. */
  constructor(
    start: StartOrder,
    tunnels: number | undefined,
    onSilent: (worker: WorkerProcess, silentFor: number) => void,
  ) {
    const begun = performance.now();
    const ready = Promise.withResolvers<Ready | undefined>();
    const ended = Promise.withResolvers<WorkerEnd>();
    let failure: string | undefined;
    let isReady = false;
    const settle = (code: number | null, signal: NodeJS.Signals | null): void => {
      heartbeat.stop();
      ready.resolve(undefined);
      ended.resolve({ code, signal, failure, ran: performance.now() - begun });
    };
    this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', tunnels ?? 'ignore'] });
    this.pid = this.#child.pid;
    this.ready = ready.promise;
    this.ended = ended.promise;
    const heartbeat = this.#watchOver((silentFor) => {
      if (!isReady) failure = `inband: a worker did not answer for ${silentFor} ms while starting.`;
      onSilent(this, silentFor);
    });
    this.#child.on('message', (report: Report) => {
      heartbeat.answered();
      if (report.type === 'failed') failure = report.message;
      if (report.type !== 'ready') return;
      isReady = true;
      ready.resolve(report);
    });
    // `close` and not `exit`: everything it reported has been heard by then.
    this.#child.on('close', settle);
    this.#child.on('error', (error) => {
      if (this.pid !== undefined) return;
      failure = `the process cannot be started: ${error.message}`;
      settle(null, null);
    });
    this.#send(start);
  }

  /** A stopped process gets no other signal than SIGKILL, and a spinning one heeds none. */
  #watchOver(onSilent: (silentFor: number) => void) {
    const heartbeat = new Heartbeat({
      ask: () => this.#send({ type: 'ping' }),
      waited: processorWait(this.pid ?? 0),
      now: () => performance.now(),
      onSilent: (silentFor) => {
        onSilent(silentFor);
        this.#child.kill('SIGKILL');
      },
    });
    const timer = setInterval(() => heartbeat.tick(), INTERVAL);
    return { answered: () => heartbeat.answered(), stop: () => clearInterval(timer) };
  }

  /** Lets it finish what is running; one that is not done `late` milliseconds after its grace is killed. */
  async stop(grace: number, late: number): Promise<void> {
    this.#send({ type: 'stop', grace });
    await this.#endWithin(grace + late);
  }

  /** Ends it now, with `last` milliseconds for its last lines. */
  async abort(last: number): Promise<void> {
    this.#send({ type: 'abort' });
    await this.#endWithin(last);
  }

  async #endWithin(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), milliseconds);
    await this.ended;
    clearTimeout(timer);
  }

  #send(order: Order): void {
    // Whether it is heard does not matter: one that is gone has ended, and whoever waits for that hears it.
    if (this.#child.connected) this.#child.send(order, () => undefined);
  }
}
