import { MAX_EVENTS, MOST_WAITED } from '../system/system.ts';
import { beginIteration, endIteration, iterationTime } from '../../../base/iteration-clock.ts';
import { EpollSet } from './epoll-set.ts';
import { Fifo } from './fifo.ts';
import { NextIteration } from './next-iteration.ts';
import { bytesOf, isOnlySpliced } from './outcome.ts';
import { PipePool } from './pipe-pool.ts';
import type { Watched } from './watched.ts';
import { WorkList } from './work-list.ts';
import { WriteCoalescer } from './write-coalescer.ts';
import type { System } from '../system/system.ts';

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

/**
 * The event-loop iterations of one epoll set, which is joined to Node's event loop.
 *
 * One iteration (`run`) does what was queued as work, takes the events and handles them, goes on with splices if they are all
 * there is, sends what was written meanwhile, and tells owners of closed connections. What each call came to is its
 * `Outcome`. A connection that leaves something unread queues itself as work, because no other event tells of it.
 */
export class Poller {
  readonly system: System;
  /** Whether its connections refuse steps that cannot be: for tests (`INBAND_EPOLL_CHECK=1`). */
  readonly checked: boolean;
  readonly pipes: PipePool;
  readonly coalescer: WriteCoalescer;
  /** The descriptors that are watched. */
  readonly set: EpollSet;
  readonly #next: NextIteration;
  /** Events of the batch, and the next one to handle. */
  #events = 0;
  #nextEvent = 0;
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
  #running = false;
  /** Whether something was begun in this iteration whose event may be there already. */
  #expecting = false;

  constructor(system: System, checked = false) {
    this.system = system;
    this.checked = checked;
    this.pipes = new PipePool(system);
    this.coalescer = new WriteCoalescer(system.staged, system.received);
    this.#next = new NextIteration(() => this.run());
    this.set = new EpollSet(system, () => this.#next.expect());
  }

  /** Has `watched.onWork` called from the event loop, once for any number of calls until then. */
  queue(watched: Watched): void {
    if (this.#work.add(watched)) this.#next.schedule();
  }

  /** The same for a connection that only goes on with a splice. */
  queueSplicing(watched: Watched): void {
    if (this.#work.addSplice(watched)) this.#next.schedule();
  }

  /** Has `watched.onClosed` called once from the event loop, at the end of this iteration if one is running. */
  queueClosed(watched: Watched): void {
    this.#closed.push(watched);
    if (!this.#running) this.#next.schedule();
  }

  /** Says that something was begun whose event may be there already, which is then handled in this iteration. */
  expectEvent(): void {
    this.#expecting = true;
  }

  /** One iteration. */
  run(): void {
    this.#next.begin(this.set.watching > 0);
    this.#running = true;
    this.#isUpToDate = false;
    this.#worked = false;
    beginIteration();
    this.coalescer.begin();
    try {
      this.#work.beginRound();
      let received = this.#runWork();
      if (this.#nextEvent === this.#events) this.#takeEvents();
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
      if (this.#isUnfinished()) this.#next.schedule();
    }
  }

  #isUnfinished(): boolean {
    return this.#work.length + this.#closed.length > 0 || this.#nextEvent < this.#events;
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
    if (this.#handled !== this.#spliced || this.#nextEvent < this.#events) return false;
    const splices = this.#work.onlySplices;
    return !this.#worked && splices >= 0 && (this.#handled > 0 || splices > 0);
  }

  /** A connection within the machine, for example, is there as soon as it was asked for. */
  #runExpected(): void {
    if (!this.#expecting || this.#nextEvent < this.#events) return;
    this.coalescer.flush();
    this.#takeEvents();
    this.#runEvents();
    this.#expecting = false;
  }

  #takeEvents(milliseconds = 0): void {
    this.#handled = 0;
    this.#spliced = 0;
    this.#nextEvent = 0;
    // Asked first, so that whatever had come by this time is among the events.
    iterationTime();
    this.#events = this.set.takeEvents(milliseconds);
    this.#isUpToDate = this.#events < MAX_EVENTS;
  }

  /**
   * Whether the descriptor had an event at the time of this iteration (`iterationTime`) that was not handled yet. Undefined if
   * only the kernel can say.
   */
  hasEvent(descriptor: number): boolean | undefined {
    if (!this.#running || !this.#isUpToDate) return undefined;
    for (let index = this.#nextEvent; index < this.#events; index += 1) {
      if (this.system.eventDescriptor(index) === descriptor) return true;
    }
    return false;
  }

  /** Returns the bytes that were received. */
  #runEvents(): number {
    const { system, set } = this;
    let received = 0;
    while (this.#nextEvent < this.#events && received < BYTES_PER_ITERATION) {
      const index = this.#nextEvent++;
      const watched = set.ownerOf(index);
      if (watched === undefined) continue;
      this.#current = watched;
      this.#handled += 1;
      const outcome = watched.onEvents(system.eventMask(index));
      received += bytesOf(outcome);
      if (isOnlySpliced(outcome)) this.#spliced += 1;
      if (this.#nextEvent % EVENTS_PER_FLUSH === 0) this.coalescer.flush();
    }
    return received;
  }
}
