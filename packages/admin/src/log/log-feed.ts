import type { ProxyState } from '../base/state.ts';
import type { LogLine, LogQuery } from '../schemas/log.ts';

/** Milliseconds between two times that the proxy is asked for lines. */
const INTERVAL = 250;
/** Readers at one time. */
export const MOST_READERS = 16;

/** Somebody who reads the log. */
export interface LogReader {
  readonly query: LogQuery;
  /** Lines that it wants, in their order, and how many others it has missed. */
  take(lines: readonly LogLine[], lost: number): void;
}

/**
 * Fetches lines of the log as long as somebody reads them, for all readers together. The proxy never waits for a reader: it keeps a
 * few lines for the next time, and counts the others.
 */
export class LogFeed {
  readonly #state: ProxyState;
  #readers: readonly LogReader[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(state: ProxyState) {
    this.#state = state;
  }

  get isFull(): boolean {
    return this.#readers.length >= MOST_READERS;
  }

  add(reader: LogReader): void {
    this.#readers = [...this.#readers, reader];
    if (this.#readers.length === 1) void this.#fetch([]);
  }

  remove(reader: LogReader): void {
    this.#readers = this.#readers.filter((other) => other !== reader);
  }

  /** `before`: the readers in whose order the proxy has collected lines. */
  async #fetch(before: readonly LogReader[]): Promise<void> {
    clearTimeout(this.#timer);
    const readers = this.#readers;
    try {
      const { lines, lost } = await this.#state.ask('log', { queries: readers.map(({ query }) => query) });
      for (const [index, reader] of before.entries()) {
        const wanted = lines.filter((line) => line.readers.includes(index));
        if (this.#readers.includes(reader)) reader.take(wanted, lost[index] ?? 0);
      }
    } catch {
      // The proxy is busy, and what it has collected is lost; the next time may be better.
      for (const reader of before) reader.take([], 1);
    }
    // The last time with no readers, so that the proxy stops collecting.
    if (readers.length > 0) this.#timer = setTimeout(() => void this.#fetch(readers), INTERVAL).unref();
  }
}
