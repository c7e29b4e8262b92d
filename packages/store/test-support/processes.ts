import { type Leased, type Lender, type LimitState, LimitStates, type Rate } from '@inband/core';
import type { Backend } from '../src/base/backend.ts';

/** What is to happen at a time, in milliseconds. */
interface Event {
  readonly at: number;
  readonly what: () => void;
}

/** A clock that goes from one event to the next, so that hours take no time. */
export class World {
  now = 0;
  readonly #ticks: number;
  /** In the order of their times. */
  readonly #events: Event[] = [];

  /** `ticks`: promises that follow from each other within an event, at most. */
  constructor(ticks = 8) {
    this.#ticks = ticks;
  }

  at(at: number, what: () => void): void {
    const before = this.#events.findLastIndex((event) => event.at <= at);
    this.#events.splice(before + 1, 0, { at, what });
  }

  /** Until nothing is to happen before `until`. */
  async run(until: number): Promise<void> {
    for (let next = this.#events[0]; next !== undefined && next.at <= until; next = this.#events[0]) {
      this.#events.shift();
      this.now = next.at;
      next.what();
      await settled(this.#ticks);
    }
    this.now = until;
  }
}

/** Until everything that is ready has been done. */
async function settled(ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
}

/** How questions travel. */
export interface Way {
  /** Milliseconds that a question takes to the store, and its answer back. */
  readonly delay: () => number;
  /** Whether one is lost, on its way there or back. */
  readonly isLost?: (() => boolean) | undefined;
}

export interface ProcessOptions {
  readonly backend: Pick<Backend, 'lease'>;
  readonly rate: Rate;
  /** How many have the limit. */
  readonly parties: number;
  readonly way: Way;
  /** Called for each that passes, when it does. */
  readonly passed: () => void;
}

/** A process that has one limit, which it shares with others by a store. */
export class Process {
  tries = 0;
  allowed = 0;
  questions = 0;
  /** What was spent in advance, and is not charged because the question was lost on its way there. */
  lost = 0;
  readonly #world: World;
  readonly #options: ProcessOptions;
  readonly #buckets: ReturnType<LimitState['buckets']>;

  constructor(world: World, options: ProcessOptions) {
    this.#world = world;
    this.#options = options;
    const lender: Lender = {
      lease: async (bucket, rate, owed, wanted) => this.#lease(bucket, rate, owed, wanted),
      hold: nobody,
      count: nobody,
      parties: options.parties,
    };
    this.#buckets = new LimitStates({ now: () => world.now, lender }).of('web').buckets('requests', options.rate);
  }

  /** Asks for one. Returns the milliseconds that it waits before it passes, or undefined where it may not. */
  take(patience = 0): number | undefined {
    this.tries += 1;
    const { allowed, retryAfter } = this.#buckets.take('', this.#options.rate, 1, patience);
    if (!allowed) return undefined;
    this.allowed += 1;
    if (retryAfter === 0) this.#options.passed();
    else this.#world.at(this.#world.now + retryAfter, this.#options.passed);
    return retryAfter;
  }

  async #lease(bucket: string, rate: Rate, owed: number, wanted: number): Promise<Leased> {
    const { backend, way } = this.#options;
    this.questions += 1;
    await this.#travel();
    if (way.isLost?.() === true) {
      this.lost += owed;
      throw new Error('lost on its way there');
    }
    const leased = await backend.lease(bucket, rate, wanted, owed);
    await this.#travel();
    if (way.isLost?.() === true) throw new Error('lost on its way back');
    return leased;
  }

  async #travel(): Promise<void> {
    return new Promise((resolve) => this.#world.at(this.#world.now + this.#options.way.delay(), resolve));
  }
}

async function nobody(): Promise<never> {
  throw new Error('Nobody asks for it.');
}
