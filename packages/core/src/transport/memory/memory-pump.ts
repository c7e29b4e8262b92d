import type { MemoryConnection, Pump } from './memory-connection.ts';
import type { Split } from './memory-split.ts';
import { Turns } from './turns.ts';

/** Bytes on either side of those that are handed over, for handlers that look beyond the range they were given. */
const MARGIN = 16;
const LARGEST_DELIVERY = 64 * 1024;
const SCRIBBLE = 0xaa;

/** What all connections of one network in memory share: the queue of things to do, and the buffer of delivery. */
export class MemoryPump implements Pump {
  split: Split;
  readonly window: number;
  /** Ends that are open, in the order in which they were made. */
  readonly ends = new Set<MemoryConnection>();
  readonly #buffer = Buffer.alloc(MARGIN + LARGEST_DELIVERY + MARGIN, SCRIBBLE);
  readonly #turns = new Turns();

  constructor(split: Split, window: number) {
    this.split = split;
    this.window = window;
  }

  schedule(task: () => void): void {
    this.#turns.schedule(task);
  }

  /** Hands the next bytes of `end` to its handler, in memory that holds them only for that long. */
  deliver(end: MemoryConnection): void {
    const available = Math.min(end.unread, LARGEST_DELIVERY);
    const length = Math.max(1, Math.min(available, Math.trunc(this.split(available))));
    end.takeInto(this.#buffer, MARGIN, length);
    end.handler.data(this.#buffer, MARGIN, MARGIN + length);
    this.#buffer.fill(SCRIBBLE, MARGIN, MARGIN + length);
  }

  opened(end: MemoryConnection): void {
    this.ends.add(end);
  }

  closed(end: MemoryConnection): void {
    this.ends.delete(end);
  }
}
