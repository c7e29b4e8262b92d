import type { Writable } from 'node:stream';
import type { LogLine, LogQuery } from '../schemas/log.ts';
import type { LogReader } from './log-feed.ts';

/** Bytes that wait for a reader before lines are dropped. */
const MOST_WAITING = 256 * 1024;
/** Milliseconds without a line after which a comment is sent, so that nothing in between takes the connection for dead. */
const KEEP_ALIVE = 15_000;

/** Lines of the log as server-sent events. A reader that is too slow misses lines, and is told how many. */
export class EventStream implements LogReader {
  readonly query: LogQuery;
  readonly #output: Writable;
  readonly #timer: NodeJS.Timeout;
  #lost = 0;

  constructor(query: LogQuery, output: Writable) {
    this.query = query;
    this.#output = output;
    this.#timer = setInterval(() => this.#comment(), KEEP_ALIVE).unref();
    output.on('close', () => clearInterval(this.#timer));
  }

  /** Sends the head of the response: who has got it misses no line. */
  begins(): void {
    this.#output.write(': lines of the log\n\n');
  }

  take(lines: readonly LogLine[], lost: number): void {
    this.#lost += lost;
    for (const line of lines) {
      if (this.#isFull) this.#lost += 1;
      else this.#write(line);
    }
    if (!this.#isFull) this.#tellLost();
  }

  get #isFull(): boolean {
    return this.#output.writableLength > MOST_WAITING;
  }

  #write({ event, id, data }: LogLine): void {
    this.#tellLost();
    this.#output.write(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`);
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    this.#output.write(`event: lost\ndata: {"lines":${this.#lost}}\n\n`);
    this.#lost = 0;
  }

  #comment(): void {
    if (!this.#isFull) this.#output.write(': still here\n\n');
  }
}
