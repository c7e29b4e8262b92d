import { copyWords, FEW_BYTES, LastView } from '../../copy-words.ts';
import { Fifo } from './fifo.ts';
import { RECEIVE_LENGTH } from '../system/system.ts';

/** Longer writes are sent at once, because what they cost is their bytes and not the call. */
const LONGEST = 64 * 1024;
/** Longer writes are not copied if they are where they were received. */
const LONGEST_COPY = 1024;
/** Longer writes are not copied at all. */
const LONGEST_FOREIGN = 16 * 1024;
/** What was received begins at multiples of this: a cache line of the processor. */
const LINE = 64;

/** Not looked up each time, because `Buffer` is a getter of the global object. */
const { copy } = Buffer.prototype;

/** A connection with writes in the {@link WriteCoalescer}. */
export interface CoalescedWriter {
  /** Sends them now. Called once for each `copy` or `keep` that named this writer. */
  flushWrites(): void;
}

/**
 * Write coalescing: what connections write during an event-loop iteration is sent at its end. An iteration serves dozens of
 * connections. If each write were sent as it comes, it would wake its receiver, let it run dry, and wake it again for the
 * next one; sent together, they cost less of the kernel's time (docs/adr/0014-sends-at-the-end-of-an-iteration.md).
 *
 * Short writes are copied to the staging buffer. Long ones stay where they were received, and what is received next goes
 * behind them.
 */
export class WriteCoalescer {
  readonly #staging: Buffer;
  readonly #received: Buffer;
  /** Whether an iteration runs whose end will come. */
  #isRunning = false;
  /** Bytes in the staging buffer. */
  #length = 0;
  /** Where the next bytes are received. */
  #room = 0;
  readonly #writers = new Fifo<CoalescedWriter>();
  readonly #stagingWords: DataView;
  readonly #from = new LastView();

  constructor(staging: Buffer, received: Buffer) {
    this.#staging = staging;
    this.#stagingWords = new DataView(staging.buffer, staging.byteOffset, staging.byteLength);
    this.#received = received;
  }

  /** An event-loop iteration begins. */
  begin(): void {
    this.#isRunning = true;
  }

  /** Where in the receive buffer there is room for the bytes of one call. */
  get room(): number {
    if (this.#room + RECEIVE_LENGTH > this.#received.length) this.flush();
    return this.#room;
  }

  /**
   * Copies `bytes[start..end)` for `writer`, which is asked to send them at the end of the iteration. Returns where in the staging
   * buffer they are, or -1 if they are too long or no iteration is running.
   */
  copy(writer: CoalescedWriter, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (!this.#isRunning || length > this.#longestCopy(bytes)) return -1;
    if (this.#length + length > this.#staging.length) this.flush();
    const at = this.#length;
    this.#stage(at, bytes, start, end);
    this.#writers.push(writer);
    return at;
  }

  /**
   * Copies more for the writer whose bytes end at `at`. Returns whether it could: not if they are too long, or if another
   * writer's bytes are behind them.
   */
  extend(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (at !== this.#length || length > this.#longestCopy(bytes) || at + length > this.#staging.length) return false;
    this.#stage(at, bytes, start, end);
    return true;
  }

  /**
   * Leaves `bytes[start..end)` in the receive buffer until the end of the iteration. Returns whether it could: only if that is
   * where they are. With a `writer` it is asked to send them; a writer that is going to be asked anyway is left out.
   */
  keep(writer: CoalescedWriter | undefined, bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#isRunning || bytes !== this.#received || end - start > LONGEST) return false;
    // Another part of the same bytes is kept already.
    if (start < this.#room) return false;
    this.#room = Math.ceil(end / LINE) * LINE;
    if (writer !== undefined) this.#writers.push(writer);
    return true;
  }

  #stage(at: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > FEW_BYTES) copy.call(bytes, this.#staging, at, start, end);
    else copyWords(this.#stagingWords, at, this.#from.of(bytes), start, length);
    this.#length = at + length;
  }

  #longestCopy(bytes: Uint8Array): number {
    return bytes === this.#received ? LONGEST_COPY : LONGEST_FOREIGN;
  }

  /** Sends everything. */
  flush(): void {
    const writers = this.#writers;
    for (let writer = writers.take(); writer !== undefined; writer = writers.take()) writer.flushWrites();
    this.#length = 0;
    this.#room = 0;
  }

  /** The iteration ends: sends everything. */
  end(): void {
    this.flush();
    this.#isRunning = false;
  }
}
