import { Worker } from 'node:worker_threads';
import { LONGEST_FIRST_REPLY, LONGEST_REPLY } from './base/limits.ts';
import type { Question, Reply, ThreadData } from './base/messages.ts';
import { PacError } from './base/pac-error.ts';

/** MiB of JavaScript beside the engine of the file, whose memory has a limit of its own. */
const MOST_HEAP = 32;

interface Asked {
  readonly question: Question;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** Questions that wait. */
const MOST_WAITING = 1_000;

/**
 * A thread that runs a PAC file, so that a file that computes keeps no client waiting but those that it is asked for. It is started by the
 * first question, and asked one thing at a time. One that does not answer is ended, and the next question starts another.
 *
 * ```
 *  none ── question ──▶ busy ◀── next question ─── idle
 *   ▲                    ├─ reply, none waits ──────▶┘
 *   └─ dies, too late ───┘
 * ```
 */
export class PacThread {
  #thread: Worker | undefined = undefined;
  #asked: Asked | undefined = undefined;
  readonly #waiting: Asked[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  /** What was loaded last. A new thread begins with it. */
  #text: string | undefined = undefined;

  /** Rejects with a {@link PacError}. */
  ask(question: Question): Promise<Reply> {
    if (this.#isClosed) return Promise.reject(closed());
    if (this.#waiting.length >= MOST_WAITING)
      return Promise.reject(new PacError('unavailable', `${MOST_WAITING} requests wait for it.`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#asked === undefined) this.#next();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#end(closed());
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  #next(): void {
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    this.#asked = asked;
    const isNew = this.#thread === undefined;
    this.#thread ??= this.#start();
    this.#timer = setTimeout(() => this.#endLate(), isNew ? LONGEST_FIRST_REPLY : LONGEST_REPLY);
    this.#thread.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, and no window
    this.#thread.postMessage(asked.question);
  }

  #start(): Worker {
    const name = import.meta.url.endsWith('.ts') ? 'thread-main.ts' : 'thread-main.js';
    const thread = new Worker(new URL(`./sandbox/${name}`, import.meta.url), {
      name: 'inband pac',
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP, maxYoungGenerationSizeMb: 4 },
      workerData: { text: this.#text } satisfies ThreadData,
    });
    thread.on('message', (reply: Reply) => this.#answered(reply));
    thread.on('error', (error) => this.#died(thread, `its thread ended: ${String(error)}.`));
    thread.on('exit', () => this.#died(thread, 'its thread ended.'));
    return thread;
  }

  #answered(reply: Reply): void {
    clearTimeout(this.#timer);
    // It keeps the process running while somebody waits.
    this.#thread?.unref();
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked?.question.type === 'load' && reply.outcome.type === 'loaded') this.#text = asked.question.text;
    asked?.resolve(reply);
    this.#next();
  }

  #endLate(): void {
    this.#end(new PacError('limit', `it did not end within ${LONGEST_REPLY} ms.`));
    this.#next();
  }

  #died(thread: Worker, message: string): void {
    if (thread !== this.#thread) return;
    this.#end(new PacError('unavailable', message));
    this.#next();
  }

  #end(error: PacError): void {
    clearTimeout(this.#timer);
    const [thread, asked] = [this.#thread, this.#asked];
    this.#thread = undefined;
    this.#asked = undefined;
    void thread?.terminate();
    asked?.reject(error);
  }
}

function closed(): PacError {
  return new PacError('unavailable', 'the configuration that named it has ended.');
}
