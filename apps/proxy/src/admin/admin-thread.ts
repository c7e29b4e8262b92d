import type { AdminOptions } from '@inband/admin';
import { type Logger, ProxyError } from '@inband/core';
import { Worker } from 'node:worker_threads';
import { ownModule } from '../own-files/own-files.ts';
import { BackOff } from '../run/back-off.ts';
import type { AdminHost } from './admin-host.ts';
import type { ShownMetrics } from '../metrics/show/metrics-view.ts';
import type { FromThread, ThreadData, ToThread } from './messages/messages.ts';
import { Pace } from './pace.ts';
import type { Outcome } from './questions/process-question.ts';
import { problemOf } from './questions/process-questions.ts';

/** Milliseconds to start. */
const LONGEST_START = 30_000;
/** Milliseconds to close. */
const LONGEST_END = 1_000;
/** MiB. A thread that needs more is ended, and started anew. */
const MOST_MEMORY = 256;

interface AdminThreadDeps {
  readonly options: AdminOptions;
  /** Names of tokens that are refused. */
  readonly revoked: readonly string[];
  readonly host: AdminHost;
  readonly logger: Logger;
  readonly metrics: ShownMetrics | undefined;
}

/**
 * The thread in which the admin server runs, so that it never stands in the way of a client. One that dies is started anew.
 *
 * ```
 *  starting ── listening ──▶ running ── dies ──▶ waiting ── back-off is over ──▶ starting
 *     └─ failed, at first ─▶ ended ◀── close ───────┘
 * ```
 */
export class AdminThread {
  readonly #host: AdminHost;
  readonly #logger: Logger;
  readonly #metrics: ShownMetrics | undefined;
  readonly #backOff = new BackOff();
  readonly #pace = new Pace();
  #options: AdminOptions;
  #revoked: readonly string[];
  #thread: Worker | undefined = undefined;
  #restart: NodeJS.Timeout | undefined = undefined;
  /** Whether it has listened once. Until then a failure is the caller's to tell. */
  #isStarted = false;
  #isEnding = false;

  constructor({ options, revoked, host, logger, metrics }: AdminThreadDeps) {
    this.#metrics = metrics;
    this.#revoked = revoked;
    this.#options = options;
    this.#host = host;
    this.#logger = logger;
  }

  /** Resolves with the bound address when the server listens. Rejects if it cannot. */
  async start(): Promise<string> {
    const thread = new Worker(ownModule('admin/thread/thread-main'), {
      name: 'inband admin',
      workerData: { options: this.#options, metrics: this.#metrics, revoked: this.#revoked } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY },
    });
    this.#thread = thread;
    const begun = performance.now();
    const listening = Promise.withResolvers<string>();
    const timer = setTimeout(() => {
      listening.reject(new ProxyError('proxy_internal_error', 'it did not start in time.'));
      void thread.terminate();
    }, LONGEST_START);
    thread.on('message', (message: FromThread) => {
      if (message.type === 'listening') listening.resolve(message.address);
      else if (message.type === 'failed')
        listening.reject(new ProxyError('proxy_configuration_error', message.message));
      else this.#take(thread, message);
    });
    let detail: string | undefined;
    thread.on('error', (error: unknown) => (detail = error instanceof Error ? error.message : String(error)));
    thread.on('exit', () => {
      listening.reject(new ProxyError('proxy_internal_error', detail ?? 'it ended while starting.'));
      this.#ended(thread, performance.now() - begun, detail);
    });
    // The listeners of the proxy keep the process running, not this.
    thread.unref();
    try {
      const address = await listening.promise;
      this.#isStarted = true;
      return address;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Who may ask, and the certificate, from now on. */
  configure(options: AdminOptions): void {
    this.#options = { ...options, listen: this.#options.listen };
    this.#post({ type: 'configure', access: options.access, tls: options.tls });
  }

  /** Refuses these tokens from now on, by their names, and no others. */
  revoke(names: readonly string[]): void {
    this.#revoked = names;
    this.#post({ type: 'revoked', names });
  }

  /** Closes every connection. Resolves when the thread has ended. */
  async close(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#restart);
    const thread = this.#thread;
    if (thread === undefined) return;
    const timer = setTimeout(() => void thread.terminate(), LONGEST_END);
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    this.#post({ type: 'close' });
    await ended;
    clearTimeout(timer);
  }

  #post(message: ToThread): void {
    this.#thread?.postMessage(message);
  }

  #take(thread: Worker, message: Extract<FromThread, { type: 'question' | 'log' }>): void {
    if (message.type === 'log') return this.#logger[message.level](message.fields, message.message);
    const { id, question, argument } = message;
    const task = (): void => void this.#host.answer(question, argument).then((outcome) => answer(thread, id, outcome));
    if (question === 'health') this.#pace.runNext(task);
    else this.#pace.run(task);
  }

  #ended(thread: Worker, ran: number, detail: string | undefined): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    if (this.#isEnding || !this.#isStarted) return;
    const restartIn = this.#backOff.after(ran);
    this.#logger.error({ detail, restartIn }, 'the admin server died; clients of the proxy are served');
    this.#restart = setTimeout(() => {
      this.start().then(
        (address) => this.#logger.info({ address }, 'the admin server is back'),
        () => undefined,
      );
    }, restartIn);
    this.#restart.unref();
  }
}

/** Never throws, because clients of the proxy would be lost by it: what a plugin tells of its servers may hold what no message can. */
function answer(thread: Worker, id: number, outcome: Outcome): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, and no window
  const post = (message: ToThread): void => thread.postMessage(message);
  try {
    post({ type: 'answer', id, ...outcome });
  } catch (error) {
    post({ type: 'answer', id, problem: problemOf(error) });
  }
}
