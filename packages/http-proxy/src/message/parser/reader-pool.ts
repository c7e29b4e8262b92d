import type { HeadLimits, HeadParser } from './head-parser.ts';
import type { HeadReader } from './head-reader.ts';

/** Milliseconds after which readers that nobody has needed meanwhile are let go of. */
const UNUSED = 10_000;
/** Readers that stay. */
const LEAST = 4;

/**
 * Readers between two uses, so that a request does not allocate a table. Readers that were not in use for a while are dropped, because a
 * burst of clients may have needed them.
 */
export class ReaderPool<Head extends HeadParser> {
  readonly #free: HeadReader<Head>[] = [];
  readonly #make: () => HeadReader<Head>;
  /** The fewest that were free since the last look. */
  #fewest = 0;
  #look: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  static readonly #most = 256;

  constructor(make: () => HeadReader<Head>) {
    this.#make = make;
  }

  /** Readers that wait for their next use. */
  get free(): number {
    return this.#free.length;
  }

  take(limits: HeadLimits): HeadReader<Head> {
    const reader = this.#free.pop() ?? this.#make();
    if (this.#free.length < this.#fewest) this.#fewest = this.#free.length;
    reader.begin(limits);
    return reader;
  }

  give(reader: HeadReader<Head>): void {
    reader.rest();
    if (this.#isClosed || this.#free.length >= ReaderPool.#most) return;
    this.#free.push(reader);
    if (this.#free.length > LEAST && this.#look === undefined) this.#lookLater();
  }

  /** Drops all, and keeps none from now on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#look);
    this.#look = undefined;
    this.#free.length = 0;
  }

  #lookLater(): void {
    this.#fewest = this.#free.length;
    this.#look = setTimeout(this.#letGo, UNUSED);
    this.#look.unref();
  }

  readonly #letGo = (): void => {
    this.#look = undefined;
    const left = Math.max(LEAST, this.#free.length - this.#fewest);
    // The ones in front have waited longest.
    if (this.#free.length > left) this.#free.splice(0, this.#free.length - left);
    if (this.#free.length > LEAST) this.#lookLater();
  };
}
