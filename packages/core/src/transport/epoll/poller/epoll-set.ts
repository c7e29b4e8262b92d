import { EDGE_TRIGGERED, EVENT_IN, EVENT_OUT, EVENT_RDHUP } from '../system/system.ts';
import { SpareMemory } from '../system/spare-memory.ts';
import { Visits } from './visits.ts';
import type { Watched } from './watched.ts';
import type { LoopWatch, System } from '../system/system.ts';

const EVERYTHING = EVENT_IN | EVENT_OUT | EVENT_RDHUP | EDGE_TRIGGERED;

/**
 * The descriptors that are watched, each with its owner.
 *
 * Events are edge-triggered. A descriptor is added once, for every event, and stays as it is, so that `pause` and `resume` cost no
 * system call. (A splice whose receiver has no room is the exception: see `listenTo`.) The process stays alive only while a
 * descriptor is watched.
 */
export class EpollSet {
  readonly #system: System;
  readonly #epoll: number;
  readonly #loop: LoopWatch;
  /** By descriptor. */
  readonly #watched: (Watched | undefined)[] = [];
  readonly visits = new Visits(this.#watched);
  #count = 0;
  #generation = 0;
  readonly #spareMemory: SpareMemory;
  /** Called when a descriptor was closed, while listeners and dials wait for one. */
  readonly #starving = new Set<() => void>();
  readonly #added: () => void;

  /** `added` is called when a descriptor was added. */
  constructor(system: System, added: () => void) {
    this.#system = system;
    this.#added = added;
    this.#spareMemory = new SpareMemory(system);
    const epoll = system.createEpoll();
    if (epoll < 0) throw new EpollError(-epoll);
    this.#epoll = epoll;
    this.#loop = system.joinLoop(epoll);
    this.#loop.unref();
  }

  /** Descriptors that are watched. */
  get watching(): number {
    return this.#count;
  }

  /** Begins to watch for every event. Returns 0 or a negated errno; the descriptor stays the caller's. */
  add(descriptor: number, watched: Watched): number {
    this.#generation = (this.#generation + 1) >>> 0;
    watched.generation = this.#generation;
    const result = this.#system.watch(this.#epoll, descriptor, EVERYTHING, this.#generation);
    if (result < 0) return result;
    this.#watched[descriptor] = watched;
    if (this.#count === 0) this.#loop.ref();
    this.#count += 1;
    this.#spareMemory.noteDescriptors(this.#count);
    this.#added();
    return 0;
  }

  /**
   * Whether to have events for bytes that arrive. A splice whose receiver has no room asks for none, because a fast sender would
   * wake the process for every segment.
   */
  listenTo(descriptor: number, watched: Watched, arrivals: boolean): void {
    const events = arrivals ? EVERYTHING : EVENT_OUT | EDGE_TRIGGERED;
    this.#system.rewatch(this.#epoll, descriptor, events, watched.generation);
  }

  /** Hands a watched descriptor over to another owner. */
  replace(descriptor: number, watched: Watched): void {
    const before = this.#watched[descriptor];
    if (before === undefined) throw new Error(`The descriptor ${descriptor} is not watched`);
    watched.generation = before.generation;
    this.#watched[descriptor] = watched;
  }

  /**
   * Closes a descriptor, which takes it out of the epoll set. Events of it that were taken already are dropped, also if the
   * number has a new owner by then.
   */
  close(descriptor: number): void {
    if (this.#watched[descriptor] !== undefined) {
      this.#watched[descriptor] = undefined;
      this.#count -= 1;
      if (this.#count === 0) this.#rest();
    }
    this.#system.close(descriptor);
    if (this.#starving.size === 0) return;
    for (const resume of this.#starving) resume();
  }

  /**
   * The same for a socket of which another process may have a descriptor. The epoll set would go on telling its events, which no
   * call could end any more.
   */
  closeShared(descriptor: number): void {
    if (this.#watched[descriptor] !== undefined) this.#system.unwatch(this.#epoll, descriptor);
    this.close(descriptor);
  }

  /** Nothing is watched any more. */
  #rest(): void {
    this.#loop.unref();
    this.visits.cancel();
  }

  /** Has `resume` called, possibly often, when a descriptor has become free. It is called from within `close`. */
  whenDescriptorFree(resume: () => void): void {
    this.#starving.add(resume);
  }

  noLongerStarving(resume: () => void): void {
    this.#starving.delete(resume);
  }

  /** Takes the events that there are, after at most so many milliseconds. Returns how many. For the poller only. */
  takeEvents(milliseconds: number): number {
    return Math.max(this.#system.wait(this.#epoll, milliseconds), 0);
  }

  /** Whose an event is. Undefined where the descriptor was closed meanwhile, also if its number has a new owner. */
  ownerOf(event: number): Watched | undefined {
    const watched = this.#watched[this.#system.eventDescriptor(event)];
    return watched?.generation === this.#system.eventGeneration(event) ? watched : undefined;
  }
}

/** The system refused to make the epoll set. */
export class EpollError extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`epoll_create1 failed with errno ${errno}`);
    this.errno = errno;
  }
}
