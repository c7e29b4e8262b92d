import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { receivedSocket, type SentNotices, type SharedGuesses } from '@inband/core';
import type { AcmeState, Demand } from '../acme/acme-view.ts';
import { LendingDesk } from '../cluster/lending/lending-desk.ts';
import type { MachineLender } from '../cluster/lending/machine-lender.ts';
import type { Outcome } from '../admin/questions/process-question.ts';
import type { LentSocket } from '../handover/upgrade.ts';
import type { ListenAtEnd, ShutdownTimes } from '../run/shutdown.ts';
import { isBuilt, ownFile } from '../own-files/own-files.ts';
import type { Revoked } from '../revoked/revoked.ts';
import type { SentTicketKeys } from '../session-tickets/ticket-keys.ts';
import { Heartbeat, INTERVAL, processorWait } from './heartbeat.ts';
import { METRICS_DESCRIPTOR } from './shared-metrics.ts';
import type { Order, Ready, ReloadOrder, ReloadReport, Report } from './messages.ts';

const program = fileURLToPath(ownFile('bin/worker.mjs'));

/** The longest timeout of Node's timers. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** The first inherited socket in a worker: behind the memory that workers share. */
const SOCKETS_DESCRIPTOR = METRICS_DESCRIPTOR + 1;

type StartOrder = Extract<Order, { type: 'start' }>;

/** Descriptors of memory that workers share, in the order in which a worker has them behind its IPC channel. */
export interface InheritedDescriptors {
  readonly tunnels: number | undefined;
  readonly metrics: number | undefined;
}

/** What the supervisor does for a worker that asks. */
export interface ForWorker {
  readonly demand: Demand;
  readonly lender: MachineLender | undefined;
  readonly guesses: SharedGuesses | undefined;
}

/** How a worker process ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its own message why it could not start. */
  readonly failure: string | undefined;
  /** Milliseconds from its start to its end. */
  readonly ran: number;
}

/** One worker process, from its fork to its end. It writes to the standard output and standard error of the supervisor. */
export class WorkerProcess {
  readonly pid: number | undefined;
  /** Client connections that were open when it was asked last. */
  open = 0;
  /** Its report when it accepts; undefined if it ended before. */
  readonly ready: Promise<Ready | undefined>;
  readonly ended: Promise<WorkerEnd>;
  /** Called with what it tells the other workers. */
  onNotices: (notices: SentNotices) => void = () => undefined;
  /** Takes the answer to the part of a reload that was asked for last; undefined is the end of the process. */
  #answered: ((report: ReloadReport | undefined) => void) | undefined = undefined;
  /** What takes the answers to questions of the admin API. */
  readonly #questions = new Map<number, (outcome: Outcome | undefined) => void>();
  #lastQuestion = 0;
  /** What is called when it has taken an update of what is kept by ACME. */
  readonly #updates = new Map<number, () => void>();
  #lastUpdate = 0;
  /** Takes the end of the answer to `share`: why it cannot, or undefined. */
  #shared: ((problem: string | undefined) => void) | undefined = undefined;
  #lent: LentSocket[] = [];
  readonly #heartbeat: { readonly silent: number; isBusy: boolean };
  readonly #child: ChildProcess;

  /**
   * The worker inherits the descriptors, and those of the sockets in `start`. `timeout`: milliseconds without an answer after which it
   * is killed; `onSilent` is called before.
   */
  constructor(
    start: StartOrder,
    inherited: InheritedDescriptors,
    { demand, lender, guesses }: ForWorker,
    timeout: number,
    onSilent: (worker: WorkerProcess, silentFor: number) => void,
  ) {
    const begun = performance.now();
    const descriptors = start.sockets.map(({ descriptor }) => descriptor);
    const sockets = start.sockets.map((socket, index) => ({ ...socket, descriptor: SOCKETS_DESCRIPTOR + index }));
    const ready = Promise.withResolvers<Ready | undefined>();
    const ended = Promise.withResolvers<WorkerEnd>();
    let failure: string | undefined;
    let isReady = false;
    const desk = lender && new LendingDesk(lender, (answers) => this.#send({ type: 'lent', answers }));
    const settle = (code: number | null, signal: NodeJS.Signals | null): void => {
      heartbeat.stop();
      ready.resolve(undefined);
      this.#answered?.(undefined);
      this.#shared?.(undefined);
      for (const settled of this.#questions.values()) settled(undefined);
      for (const taken of this.#updates.values()) taken();
      desk?.end();
      ended.resolve({ code, signal, failure, ran: performance.now() - begun });
    };
    const { tunnels, metrics } = inherited;
    this.#child = fork(program, isBuilt ? ['--built'] : [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', tunnels ?? 'ignore', metrics ?? 'ignore', ...descriptors],
    });
    this.pid = this.#child.pid;
    this.ready = ready.promise;
    this.ended = ended.promise;
    const heartbeat = (this.#heartbeat = this.#watchOver(timeout, (silentFor) => {
      if (!isReady) failure = `inband: a worker did not answer for ${silentFor} ms while starting.`;
      onSilent(this, silentFor);
    }));
    this.#child.on('message', (report: Report, handle: unknown) => {
      heartbeat.answered();
      if (report.type === 'alive') this.open = report.open ?? 0;
      if ('id' in report) this.#answered?.(report);
      if (report.type === 'answer') this.#questions.get(report.question)?.(report.outcome);
      if (report.type === 'acme-taken') this.#updates.get(report.update)?.();
      if (report.type === 'lend') desk?.take(report.calls);
      if (report.type === 'notices') this.onNotices(report.notices);
      if (report.type === 'demand') void this.#demanded(report, demand);
      if (report.type === 'guess') this.#guessed(report, guesses);
      if (report.type === 'failed') failure = report.message;
      if (report.type === 'socket') this.#takeSocket(report, handle);
      if (report.type === 'shared') this.#shared?.(report.problem);
      if (report.type !== 'ready') return;
      isReady = true;
      ready.resolve(report);
    });
    // `close` and not `exit`, because all its messages have arrived by then.
    this.#child.on('close', settle);
    this.#child.on('error', (error) => {
      if (this.pid !== undefined) return;
      failure = `the process cannot be started: ${error.message}`;
      settle(null, null);
    });
    this.#send({ ...start, sockets });
  }

  /** Milliseconds without an answer to a ping. */
  get silence(): number {
    return this.#heartbeat.silent;
  }

  /** By SIGKILL, because a stopped process receives no other signal, and one in an endless loop handles none. */
  #watchOver(limit: number, onSilent: (silentFor: number) => void) {
    const heartbeat = new Heartbeat({
      limit,
      ask: () => this.#send({ type: 'ping' }),
      waited: processorWait(this.pid ?? 0),
      now: () => performance.now(),
      onSilent: (silentFor) => {
        onSilent(silentFor);
        this.#child.kill('SIGKILL');
      },
    });
    const timer = setInterval(() => heartbeat.tick(), INTERVAL);
    return {
      answered: () => heartbeat.answered(),
      stop: () => clearInterval(timer),
      get silent() {
        return heartbeat.silent;
      },
      set isBusy(isBusy: boolean) {
        heartbeat.isBusy = isBusy;
      },
    };
  }

  /** Asks for a part of a reload. Resolves with its answer; with undefined if it ends, or does not answer within `limit` milliseconds. */
  async ask(order: ReloadOrder, limit: number): Promise<ReloadReport | undefined> {
    if (!this.#child.connected) return undefined;
    const answer = Promise.withResolvers<ReloadReport | undefined>();
    this.#answered = (report) => {
      if (report === undefined || report.id === order.id) answer.resolve(report);
    };
    const timer = setTimeout(() => answer.resolve(undefined), limit);
    this.#heartbeat.isBusy = true;
    this.#send(order);
    const report = await answer.promise;
    this.#heartbeat.isBusy = false;
    clearTimeout(timer);
    this.#answered = undefined;
    return report;
  }

  /** Asks a question of the admin API. Resolves with undefined if it ends, or does not answer within `limit` milliseconds. */
  async answer(name: string, argument: unknown, limit: number): Promise<Outcome | undefined> {
    if (!this.#child.connected) return undefined;
    const question = (this.#lastQuestion += 1);
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    const timer = setTimeout(() => resolve(undefined), limit);
    this.#questions.set(question, resolve);
    this.#send({ type: 'ask', question, name, argument });
    const outcome = await promise;
    clearTimeout(timer);
    this.#questions.delete(question);
    return outcome;
  }

  /**
   * Has it lend the sockets that no other worker has. Resolves with none if it ends. Rejects if it cannot, or does not answer within
   * `limit` milliseconds.
   */
  async share(limit: number): Promise<LentSocket[]> {
    if (!this.#child.connected) return [];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#lent = [];
    this.#shared = (problem) => (problem === undefined ? resolve() : reject(new Error(problem)));
    const timer = setTimeout(() => reject(new Error(`a worker (${this.pid}) does not answer.`)), limit);
    this.#send({ type: 'share' });
    try {
      await promise;
      return this.#lent;
    } catch (error) {
      for (const socket of this.#lent) socket.release();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#shared = undefined;
      this.#lent = [];
    }
  }

  #takeSocket({ kind, bind }: Extract<Report, { type: 'socket' }>, handle: unknown): void {
    if (typeof handle !== 'object' || handle === null) return;
    const socket = receivedSocket(handle);
    // It comes too late: nobody waits for it any more.
    if (this.#shared === undefined) return socket.release();
    const { descriptor } = socket;
    this.#lent.push({ descriptor, kind, bind, release: () => socket.release() });
  }

  /** Passes on what other workers tell. Calls `sent` when the message is gone, or never can be. */
  tellNotices(notices: SentNotices, sent: () => void): void {
    this.#send({ type: 'notices', notices }, sent);
  }

  /** Tells it whether it does what is done once for the machine. */
  tellDuty(isOurs: boolean): void {
    this.#send({ type: 'duty', isOurs });
  }

  /** Tells it the keys of session tickets. */
  tellTicketKeys(ticketKeys: SentTicketKeys): void {
    this.#send({ type: 'ticket-keys', ticketKeys });
  }

  /** Tells it among how many processes limits divide. */
  tellParties(parties: number): void {
    this.#send({ type: 'parties', parties });
  }

  /** Tells it which tokens are revoked. */
  tellRevoked(revoked: readonly Revoked[]): void {
    this.#send({ type: 'revoked', revoked });
  }

  #guessed({ guess, name, isRight }: Extract<Report, { type: 'guess' }>, guesses: SharedGuesses | undefined): void {
    if (isRight) guesses?.right(name);
    else guesses?.wrong(name, (count) => this.#send({ type: 'guessed', guess, count }));
  }

  /** Tells it what is kept by ACME. Resolves when it knows, ends, or does not answer within `limit` milliseconds. */
  async tellAcme(state: AcmeState, limit: number): Promise<void> {
    if (!this.#child.connected) return;
    const update = (this.#lastUpdate += 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limit);
    this.#updates.set(update, resolve);
    this.#send({ type: 'acme', update, state });
    await promise;
    clearTimeout(timer);
    this.#updates.delete(update);
  }

  async #demanded({ demand: number, host }: Extract<Report, { type: 'demand' }>, demand: Demand): Promise<void> {
    this.#send({ type: 'demanded', demand: number, certificate: await demand(host) });
  }

  /** Tells it to drop what it has prepared. */
  drop(id: number): void {
    this.#send({ type: 'drop', id });
  }

  /**
   * Lets it shut down, and kills it `late` milliseconds after the grace period. `listen`: `close` or `handed-over` if it must not take
   * part any more in what others go on with.
   */
  async stop({ grace, tunnels }: ShutdownTimes, late: number, listen?: Exclude<ListenAtEnd, 'keep'>): Promise<void> {
    this.#send({ type: 'stop', grace, tunnels, listen });
    await this.#endWithin(Math.max(grace, tunnels) + late);
  }

  /** Ends it now, and kills it after `last` milliseconds, in which it may write its last lines. */
  async abort(last: number): Promise<void> {
    this.#send({ type: 'abort' });
    await this.#endWithin(last);
  }

  async #endWithin(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), Math.min(milliseconds, MAX_TIMEOUT));
    await this.ended;
    clearTimeout(timer);
  }

  #send(order: Order, sent: () => void = () => undefined): void {
    // A failure does not matter: then the process has ended, and `ended` resolves.
    if (this.#child.connected) this.#child.send(order, sent);
    else sent();
  }
}
