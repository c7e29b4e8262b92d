import type { MemoryConnection } from './memory-connection.ts';
import type { Split } from './memory-split.ts';

/** Whatever fake timers a test installs later, the network goes on. */
const nextTurn = globalThis.setImmediate;

/** Octets on either side of those that are handed over, for handlers that look beyond the range they were given. */
const MARGIN = 16;
const LARGEST_DELIVERY = 64 * 1024;
const SCRIBBLE = 0xaa;

/** What all connections of one network in memory share: the queue of things to do, and the buffer of delivery. */
export class MemoryPump {
  split: Split;
  /** Octets on their way in one direction before the sender is told to wait. */
  readonly window: number;
  /** Ends that are open, in the order in which they were made. */
  readonly ends = new Set<MemoryConnection>();
  readonly #buffer = Buffer.alloc(MARGIN + LARGEST_DELIVERY + MARGIN, SCRIBBLE);
  #tasks: (() => void)[] = [];

  constructor(split: Split, window: number) {
    this.split = split;
    this.window = window;
  }

  /** Runs `task` on the next turn of the event loop, after all that was scheduled before it. */
  schedule(task: () => void): void {
    if (this.#tasks.push(task) === 1) nextTurn(this.#run);
  }

  /** Hands the next octets of `end` to its handler, in memory that holds them only for that long. */
  deliver(end: MemoryConnection): void {
    const available = Math.min(end.unread, LARGEST_DELIVERY);
    const length = Math.max(1, Math.min(available, Math.trunc(this.split(available))));
    end.takeInto(this.#buffer, MARGIN, length);
    end.handler.data(this.#buffer, MARGIN, MARGIN + length);
    this.#buffer.fill(SCRIBBLE, MARGIN, MARGIN + length);
  }

  /** What a task schedules waits for the next turn, so that promises settle in between. */
  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    let done = 0;
    try {
      for (const task of tasks) {
        done += 1;
        task();
      }
    } finally {
      // A handler that throws must not silence the others.
      if (done < tasks.length) {
        this.#tasks = tasks.slice(done).concat(this.#tasks);
        nextTurn(this.#run);
      }
    }
  };
}
