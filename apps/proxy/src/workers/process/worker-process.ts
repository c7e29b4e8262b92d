import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SentNotices, SharedGuesses } from '@inband/core';
import type { AcmeState, Demand } from '../../acme/acme-view.ts';
import { LendingDesk } from '../../cluster/lending/lending-desk.ts';
import type { MachineLender } from '../../cluster/lending/machine-lender.ts';
import type { Outcome } from '../../admin/questions/process-question.ts';
import type { LentSocket } from '../../handover/upgrade.ts';
import type { ListenAtEnd, ShutdownTimes } from '../../run/shutdown.ts';
import { isBuilt, ownFile } from '../../own-files/own-files.ts';
import type { Revoked } from '../../revoked/revoked.ts';
import type { SentTicketKeys } from '../../session-tickets/ticket-keys.ts';
import { AwaitedAnswers } from './awaited-answers.ts';
import { BorrowedSockets } from './borrowed-sockets.ts';
import { type Pulse, watchOver } from './pulse.ts';
import type { WorkerEnd } from './worker-end.ts';
import { METRICS_DESCRIPTOR } from '../memory/shared-metrics.ts';
import type { StartOrder } from './start-order.ts';
import type { Order, Ready, ReloadOrder, ReloadReport, Report } from './messages.ts';

const program = fileURLToPath(ownFile('bin/worker.mjs'));

/** The longest timeout of Node's timers. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** The first inherited socket in a worker: behind the memory that workers share. */
const SOCKETS_DESCRIPTOR = METRICS_DESCRIPTOR + 1;

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
  /** Questions of the admin API. */
  readonly #questions = new AwaitedAnswers<Outcome>();
  /** Updates of what is kept by ACME, which it says that it has taken. */
  readonly #updates = new AwaitedAnswers<true>();
  readonly #borrowed = new BorrowedSockets();
  readonly #pulse: Pulse;
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
      pulse.stop();
      ready.resolve(undefined);
      this.#answered?.(undefined);
      this.#borrowed.end();
      this.#questions.end();
      this.#updates.end();
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
    // By SIGKILL, because a stopped process receives no other signal, and one in an endless loop handles none.
    const silent = (silentFor: number): void => {
      if (!isReady) failure = `inband: a worker did not answer for ${silentFor} ms while starting.`;
      onSilent(this, silentFor);
      this.#child.kill('SIGKILL');
    };
    const ask = (): void => this.#send({ type: 'ping' });
    const pulse = (this.#pulse = watchOver({ pid: this.pid, limit: timeout, ask, onSilent: silent }));
    // Until it is ready, because it may answer a ping before it loads its configuration and what that needs.
    pulse.isBusy = true;
    this.#child.on('message', (report: Report, handle: unknown) => {
      pulse.answered();
      if (report.type === 'alive') this.open = report.open ?? 0;
      if ('id' in report) this.#answered?.(report);
      if (report.type === 'answer') this.#questions.answered(report.question, report.outcome);
      if (report.type === 'acme-taken') this.#updates.answered(report.update, true);
      if (report.type === 'lend') desk?.take(report.calls);
      if (report.type === 'notices') this.onNotices(report.notices);
      if (report.type === 'demand') void this.#demanded(report, demand);
      if (report.type === 'guess') this.#guessed(report, guesses);
      if (report.type === 'failed') failure = report.message;
      if (report.type === 'socket') this.#borrowed.take(report, handle);
      if (report.type === 'shared') this.#borrowed.end(report.problem);
      if (report.type !== 'ready') return;
      isReady = true;
      pulse.isBusy = false;
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
    return this.#pulse.silent;
  }

  /** Asks for a part of a reload. Resolves with its answer; with undefined if it ends, or does not answer within `limit` milliseconds. */
  async ask(order: ReloadOrder, limit: number): Promise<ReloadReport | undefined> {
    if (!this.#child.connected) return undefined;
    const answer = Promise.withResolvers<ReloadReport | undefined>();
    this.#answered = (report) => {
      if (report === undefined || report.id === order.id) answer.resolve(report);
    };
    const timer = setTimeout(() => answer.resolve(undefined), limit);
    this.#pulse.isBusy = true;
    this.#send(order);
    const report = await answer.promise;
    this.#pulse.isBusy = false;
    clearTimeout(timer);
    this.#answered = undefined;
    return report;
  }

  /** Asks a question of the admin API. Resolves with undefined if it ends, or does not answer within `limit` milliseconds. */
  async answer(name: string, argument: unknown, limit: number): Promise<Outcome | undefined> {
    if (!this.#child.connected) return undefined;
    return this.#questions.ask(limit, (question) => this.#send({ type: 'ask', question, name, argument }));
  }

  /**
   * Has it lend the sockets that no other worker has. Resolves with none if it ends. Rejects if it cannot, or does not answer within
   * `limit` milliseconds.
   */
  async share(limit: number): Promise<LentSocket[]> {
    if (!this.#child.connected) return [];
    const late = `a worker (${this.pid}) does not answer.`;
    return this.#borrowed.ask(limit, late, () => this.#send({ type: 'share' }));
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
    await this.#updates.ask(limit, (update) => this.#send({ type: 'acme', update, state }));
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
