import type { ProxyState } from '../base/state.ts';
import type { LogLine, LogQuery } from '../schemas/log.ts';

/** Milliseconds between two times that the proxy is asked for lines. */
const INTERVAL = 250;
/** Readers at one time. */
export const MOST_READERS = 16;

/** Somebody who reads the log. */
export interface LogReader {
  readonly query: LogQuery;
  /** Called once, when lines are collected for it. */
  begins(): void;
  /** Lines that it wants, in their order, and how many others it has missed. */
  take(lines: readonly LogLine[], lost: number): void;
}

/**
 * Fetches lines of the log as long as somebody reads them, for all readers together. The proxy never waits for a reader: it keeps a
 * few lines for the next time, and counts the others. One question is open at a time, because each tells the proxy for whom to collect.
 */
export class LogFeed {
  readonly #state: ProxyState;
  #readers: readonly LogReader[] = [];
  /** The readers in whose order the proxy collects lines. */
  #collecting: readonly LogReader[] = [];
  #isAsking = false;
  /** Somebody has come while the question was open. */
  #hasNew = false;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(state: ProxyState) {
    this.#state = state;
  }

  get isFull(): boolean {
    return this.#readers.length >= MOST_READERS;
  }

  /** Lines for it are collected as soon as the proxy has been asked. */
  add(reader: LogReader): void {
    this.#readers = [...this.#readers, reader];
    if (this.#isAsking) this.#hasNew = true;
    else void this.#fetch();
  }

  remove(reader: LogReader): void {
    this.#readers = this.#readers.filter((other) => other !== reader);
  }

  async #fetch(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isAsking = true;
    this.#hasNew = false;
    const readers = this.#readers;
    await this.#ask(readers);
    this.#isAsking = false;
    if (this.#hasNew) return this.#fetch();
    // The last time with no readers, so that the proxy stops collecting.
    if (readers.length > 0) this.#timer = setTimeout(() => void this.#fetch(), INTERVAL).unref();
  }

  /** Gives those for whom the proxy has collected their lines, and has it collect for `readers`. */
  async #ask(readers: readonly LogReader[]): Promise<void> {
    const before = this.#collecting;
    // Of a question that fails nobody knows whether the proxy has got it, so it matters whether the order has changed.
    this.#collecting = readers === before ? before : [];
    try {
      const { lines, lost } = await this.#state.ask('log', { queries: readers.map(({ query }) => query) });
      this.#collecting = readers;
      for (const [index, reader] of before.entries()) {
        const wanted = lines.filter((line) => line.readers.includes(index));
        if (this.#readers.includes(reader)) reader.take(wanted, lost[index] ?? 0);
      }
      for (const reader of readers) if (!before.includes(reader)) reader.begins();
    } catch {
      // The proxy is busy, and what it has collected is lost; the next time may be better.
      for (const reader of readers) reader.take([], 1);
    }
  }
}
