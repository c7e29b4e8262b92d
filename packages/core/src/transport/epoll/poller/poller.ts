import { AsyncLocalStorage } from 'node:async_hooks';
import { EDGE_TRIGGERED, EVENT_IN, EVENT_OUT, EVENT_RDHUP, MAX_EVENTS, MOST_WAITED } from '../system/system.ts';
import { beginIteration, endIteration, iterationTime } from '../../../base/iteration-clock.ts';
import { Fifo } from './fifo.ts';
import { bytesOf, isOnlySpliced } from './outcome.ts';
import { PipePool } from './pipe-pool.ts';
import { SpareMemory } from '../system/spare-memory.ts';
import { Visits } from './visits.ts';
import type { Watched } from './watched.ts';
import { WorkList } from './work-list.ts';
import { WriteCoalescer } from './write-coalescer.ts';
import type { LoopWatch, System } from '../system/system.ts';

/**
 * Bytes that work may receive in one event-loop iteration, and events once more. The rest waits for the next iteration, because
 * timers and Node's own sockets wait meanwhile. Both together are about a millisecond of relaying.
 */
const BYTES_PER_ITERATION = 1024 * 1024;

/** Events after which what was written is sent though the iteration goes on, so that it does not wait for all others. */
const EVENTS_PER_FLUSH = 64;

/** Milliseconds that an iteration goes on while splices are all there is to do, waits for events included. */
const SPLICING_TIME = 2;

/** Bytes in an iteration after which it waits for the next ones. Slower tunnels have an iteration for each event. */
const BULKY = 64 * 1024;

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** Iterations run without an asynchronous context, because they would have that of the first connection's opener. */
const withoutContext = AsyncLocalStorage.snapshot();

const EVERYTHING = EVENT_IN | EVENT_OUT | EVENT_RDHUP | EDGE_TRIGGERED;

/**
 * One epoll set, joined to Node's event loop.
 *
 * Events are edge-triggered. A descriptor is added once, for every event, and stays as it is, so that `pause` and `resume` cost no
 * system call. A connection that leaves something unread queues itself as work. (A splice whose receiver has no room is the
 * exception: see `listenTo`.)
 *
 * Everything runs from `setImmediate`, because continuations of promises then follow at once. While a descriptor is watched,
 * each iteration of Node's loop has an immediate of this poller that is not referenced. It does not keep the loop from waiting;
 * an event of the set ends the wait, and no callback is needed for that (docs/adr/0016-iterations-without-callbacks.md). The
 * process stays alive only while a descriptor is watched.
 *
 * One iteration (`run`) does what was queued as work, takes the events and handles them, goes on with splices if they are all
 * there is, sends what was written meanwhile, and tells owners of closed connections. What each call came to is its
 * `Outcome`.
 */
export class Poller {
  readonly system: System;
  /** Whether its connections refuse steps that cannot be: for tests (`INBAND_EPOLL_CHECK=1`). */
  readonly checked: boolean;
  readonly pipes: PipePool;
  readonly coalescer: WriteCoalescer;
  readonly #epoll: number;
  readonly #loop: LoopWatch;
  /** By descriptor. */
  readonly #watched: (Watched | undefined)[] = [];
  readonly visits = new Visits(this.#watched);
  #count = 0;
  readonly #spareMemory: SpareMemory;
  #generation = 0;
  /** Events of the batch, and the next one to handle. */
  #events = 0;
  #next = 0;
  readonly #work = new WorkList();
  /** Whether the kernel was asked for events in this iteration and had no more of them than it told. */
  #isUpToDate = false;
  /** The owner that is being called. */
  #current: Watched | undefined = undefined;
  /** Events of the batch that were handled, and those of them that were only about bytes spliced within the kernel. */
  #handled = 0;
  #spliced = 0;
  /** Whether work of this iteration did anything but splice, so that promises may wait for its end. */
  #worked = false;
  /** Closed connections whose owners are to be told. */
  readonly #closed = new Fifo<Watched>();
  /** The next iteration. */
  #immediate: NodeJS.Immediate | undefined = undefined;
  /** Whether the next iteration comes without waiting for an event. */
  #scheduled = false;
  #running = false;
  /** Whether something was begun in this iteration whose event may be there already. */
  #expecting = false;
  /** Called when a descriptor was closed, while listeners and dials wait for one. */
  readonly #starving = new Set<() => void>();

  constructor(system: System, checked = false) {
    this.system = system;
    this.checked = checked;
    this.pipes = new PipePool(system);
    this.coalescer = new WriteCoalescer(system.staged, system.received);
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
    const result = this.system.watch(this.#epoll, descriptor, EVERYTHING, this.#generation);
    if (result < 0) return result;
    this.#watched[descriptor] = watched;
    if (this.#count === 0) this.#loop.ref();
    this.#count += 1;
    this.#spareMemory.noteDescriptors(this.#count);
    this.#immediate ??= this.#firstIteration().unref();
    return 0;
  }

  /**
   * Whether to have events for bytes that arrive. A splice whose receiver has no room asks for none, because a fast sender would
   * wake the process for every segment.
   */
  listenTo(descriptor: number, watched: Watched, arrivals: boolean): void {
    const events = arrivals ? EVERYTHING : EVENT_OUT | EDGE_TRIGGERED;
    this.system.rewatch(this.#epoll, descriptor, events, watched.generation);
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
    this.system.close(descriptor);
    if (this.#starving.size === 0) return;
    for (const resume of this.#starving) resume();
  }

  /**
   * The same for a socket of which another process may have a descriptor. The epoll set would go on telling its events, which no
   * call could end any more.
   */
  closeShared(descriptor: number): void {
    if (this.#watched[descriptor] !== undefined) this.system.unwatch(this.#epoll, descriptor);
    this.close(descriptor);
  }

  /** Has `resume` called, possibly often, when a descriptor has become free. It is called from within `close`. */
  whenDescriptorFree(resume: () => void): void {
    this.#starving.add(resume);
  }

  noLongerStarving(resume: () => void): void {
    this.#starving.delete(resume);
  }

  /** Has `watched.onWork` called from the event loop, once for any number of calls until then. */
  queue(watched: Watched): void {
    if (this.#work.add(watched)) this.#schedule();
  }

  /** The same for a connection that only goes on with a splice. */
  queueSplicing(watched: Watched): void {
    if (this.#work.addSplice(watched)) this.#schedule();
  }

  /** Has `watched.onClosed` called once from the event loop, at the end of this iteration if one is running. */
  queueClosed(watched: Watched): void {
    this.#closed.push(watched);
    if (!this.#running) this.#schedule();
  }

  /** Says that something was begun whose event may be there already, which is then handled in this iteration. */
  expectEvent(): void {
    this.#expecting = true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#immediate === undefined) this.#immediate = this.#firstIteration();
    else this.#immediate.ref();
  }

  /** Those after it are made in it, and so in its context. */
  #firstIteration(): NodeJS.Immediate {
    return withoutContext(nextIteration, runPoller, this);
  }

  /** Nothing is watched any more. */
  #rest(): void {
    this.#loop.unref();
    this.visits.cancel();
  }

  /** One iteration. For {@link runPoller} only. */
  run(): void {
    this.#scheduled = false;
    this.#immediate = this.#count > 0 ? nextIteration(runPoller, this).unref() : undefined;
    this.#running = true;
    this.#isUpToDate = false;
    this.#worked = false;
    beginIteration();
    this.coalescer.begin();
    try {
      this.#work.beginRound();
      let received = this.#runWork();
      if (this.#next === this.#events) this.#takeEvents();
      // Events may receive as much again, because bulky connections, always queued, would leave nothing to the others.
      received += this.#runEvents();
      this.#keepSplicing(received);
      this.#runExpected();
      this.#current = undefined;
      this.#tellClosed();
    } finally {
      this.coalescer.end();
      endIteration();
      this.#running = false;
      // A handler threw. Its connection looks again at what the event may have left undone, and the rest goes on.
      if (this.#current !== undefined) this.queue(this.#current);
      this.#current = undefined;
      if (this.#isUnfinished()) this.#schedule();
    }
  }

  #isUnfinished(): boolean {
    return this.#work.length + this.#closed.length > 0 || this.#next < this.#events;
  }

  #tellClosed(): void {
    const closed = this.#closed;
    for (let watched = closed.take(); watched !== undefined; watched = closed.take()) watched.onClosed();
  }

  /** Returns the bytes that were received. */
  #runWork(): number {
    const work = this.#work;
    let received = 0;
    while (received < BYTES_PER_ITERATION) {
      const watched = work.take();
      if (watched === undefined) break;
      this.#current = watched;
      const outcome = watched.onWork();
      received += bytesOf(outcome);
      if (!isOnlySpliced(outcome)) this.#worked = true;
    }
    return received;
  }

  /**
   * Goes on in the same iteration, for a bounded time, while splices are all that happens, because nothing else waits for the
   * loop then. It even waits for the next event if many bytes were spliced (`before` and here), because that costs less than an
   * iteration.
   */
  #keepSplicing(before: number): void {
    if (!this.#onlySplices()) return;
    const until = this.system.now() + SPLICING_TIME;
    let received = before;
    do {
      this.coalescer.flush();
      this.#work.beginRound();
      received += this.#runWork();
      // What the work has written does not wait for an event either.
      this.coalescer.flush();
      const isIdle = this.#work.length + this.#closed.length === 0 && !this.#worked;
      const hasTime = this.system.now() + MOST_WAITED <= until;
      this.#takeEvents(isIdle && hasTime && received >= BULKY ? MOST_WAITED : 0);
      received += this.#runEvents();
    } while (this.#onlySplices() && this.system.now() < until);
  }

  /** Whether something was spliced, there may be more, and there was and is nothing else. */
  #onlySplices(): boolean {
    if (this.#handled !== this.#spliced || this.#next < this.#events) return false;
    const splices = this.#work.onlySplices;
    return !this.#worked && splices >= 0 && (this.#handled > 0 || splices > 0);
  }

  /** A connection within the machine, for example, is there as soon as it was asked for. */
  #runExpected(): void {
    if (!this.#expecting || this.#next < this.#events) return;
    this.coalescer.flush();
    this.#takeEvents();
    this.#runEvents();
    this.#expecting = false;
  }

  #takeEvents(milliseconds = 0): void {
    this.#handled = 0;
    this.#spliced = 0;
    this.#next = 0;
    // Asked first, so that whatever had come by this time is among the events.
    iterationTime();
    this.#events = Math.max(this.system.wait(this.#epoll, milliseconds), 0);
    this.#isUpToDate = this.#events < MAX_EVENTS;
  }

  /**
   * Whether the descriptor had an event at the time of this iteration (`iterationTime`) that was not handled yet. Undefined if
   * only the kernel can say.
   */
  hasEvent(descriptor: number): boolean | undefined {
    if (!this.#running || !this.#isUpToDate) return undefined;
    for (let index = this.#next; index < this.#events; index += 1) {
      if (this.system.eventDescriptor(index) === descriptor) return true;
    }
    return false;
  }

  /** Returns the bytes that were received. */
  #runEvents(): number {
    const { system } = this;
    let received = 0;
    while (this.#next < this.#events && received < BYTES_PER_ITERATION) {
      const index = this.#next++;
      const watched = this.#watched[system.eventDescriptor(index)];
      // The descriptor may have been closed meanwhile, and its number may have a new owner.
      if (watched === undefined || watched.generation !== system.eventGeneration(index)) continue;
      this.#current = watched;
      this.#handled += 1;
      const outcome = watched.onEvents(system.eventMask(index));
      received += bytesOf(outcome);
      if (isOnlySpliced(outcome)) this.#spliced += 1;
      if (this.#next % EVENTS_PER_FLUSH === 0) this.coalescer.flush();
    }
    return received;
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

function runPoller(poller: Poller): void {
  poller.run();
}
