import { LaterTasks } from './later-tasks.ts';
import { LinkedList } from '../../base/linked-list.ts';
import type { MemoryConnection, Pump } from './memory-connection.ts';
import type { Split } from './memory-split.ts';

/** Bytes on either side of those that are delivered, for handlers that read beyond the range that they were given. */
const MARGIN = 16;
const LARGEST_DELIVERY = 64 * 1024;
/** What the memory of delivered bytes is filled with, for handlers that keep it. */
const POISON = 0xaa;

/** In which bytes are delivered, one delivery after the other, on whatever network. Made when the first one is. */
let buffer: Buffer | undefined;

/** What all connections of one network in memory share: the queue of tasks, and how bytes are cut. */
export class MemoryPump implements Pump {
  split: Split;
  readonly window: number;
  /** Ends that are open, in the order in which they were made. */
  readonly ends = new LinkedList<MemoryConnection>();
  readonly #tasks = new LaterTasks();

  constructor(split: Split, window: number) {
    this.split = split;
    this.window = window;
  }

  schedule(task: () => void): void {
    this.#tasks.schedule(task);
  }

  /** Delivers the next bytes of `end` to its handler, in memory that is overwritten when the handler returns. */
  deliver(end: MemoryConnection): void {
    const available = Math.min(end.unread, LARGEST_DELIVERY);
    const length = Math.max(1, Math.min(available, Math.trunc(this.split(available))));
    buffer ??= Buffer.alloc(MARGIN + LARGEST_DELIVERY + MARGIN, POISON);
    end.takeInto(buffer, MARGIN, length);
    end.handler.data(buffer, MARGIN, MARGIN + length);
    buffer.fill(POISON, MARGIN, MARGIN + length);
  }

  opened(end: MemoryConnection): void {
    this.ends.add(end);
  }

  closed(end: MemoryConnection): void {
    if (end.list === this.ends) this.ends.remove(end);
  }
}
