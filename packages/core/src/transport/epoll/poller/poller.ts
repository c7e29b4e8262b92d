import { AsyncLocalStorage } from 'node:async_hooks';
import { EDGE_TRIGGERED, EVENT_IN, EVENT_OUT, EVENT_RDHUP, MAX_EVENTS, MOST_WAITED } from '../system/system.ts';
import { beginTurn, endTurn, iterationTime } from '../../../base/iteration-clock.ts';
import { Fifo } from './fifo.ts';
import { bytesOf, isOnlySpliced } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { PipePool } from './pipe-pool.ts';
import { SpareMemory } from '../system/spare-memory.ts';
import { Staging } from './staging.ts';
import type { LoopWatch, System } from '../system/system.ts';

/**
 * Octets received in one turn of the event loop by work, and again by events, after which the rest waits for the next
 * turn, so that timers and Node's own sockets have theirs: together about a millisecond of relaying.
 */
const OCTETS_PER_TURN = 1024 * 1024;

/** Events after which what they had sent goes out, though the turn goes on: nobody waits longer for the others. */
const EVENTS_PER_FLUSH = 64;

/** How long a turn goes on while tunnels are all there is to do, in milliseconds, waits for them included. */
const SPLICING_TIME = 2;

/** Octets of a turn after which the next ones are worth waiting for: slower tunnels have a turn for each event. */
const BULKY = 64 * 1024;

/** Whatever fake timers a test installs later, the loop goes on. */
const nextTurn = globalThis.setImmediate;
const now = performance.now.bind(performance);

/** Turns belong to nobody's asynchronous context: not to that of whoever happened to open the first connection. */
const inNobodysContext = AsyncLocalStorage.snapshot();

const EVERYTHING = EVENT_IN | EVENT_OUT | EVENT_RDHUP | EDGE_TRIGGERED;

/** What owns a descriptor in the epoll set. */
export abstract class Watched {
  /** For the poller only. Tells this owner of a descriptor number from earlier ones. */
  generation = 0;
  /** For the poller only. Whether it is in the list of work. */
  hasWork = false;

  /** The kernel has news about the descriptor; called from the event loop. */
  abstract onEvents(mask: number): Outcome;
  /** What {@link Poller.queue} asked for; called from the event loop, in a later turn or later in this one. */
  abstract onWork(): Outcome;
  /** What {@link Poller.queueClosed} asked for; called from the event loop, at the end of this turn or in the next. */
  onClosed(): void {}
}

/**
 * One epoll set, joined to Node's event loop. It watches edges: a descriptor is added once, for everything, and never
 * changed, so that pausing and resuming cost no system call; who leaves something unread puts itself in the list of
 * work.
 *
 * Everything runs from `setImmediate`, so that continuations of promises follow at once. While something is watched,
 * each turn of Node's loop has an immediate of ours, which does not keep the loop from waiting: an event of the set
 * ends the wait, and nothing has to be called for that. Node's loop goes on meanwhile, and the process stays alive only
 * while something is watched.
 */
export class Poller {
  readonly system: System;
  /** Whether its connections refuse steps that cannot be: for tests (`INBAND_EPOLL_CHECK=1`). */
  readonly checked: boolean;
  readonly pipes: PipePool;
  readonly staging: Staging;
  readonly #epoll: number;
  readonly #loop: LoopWatch;
  /** By descriptor. */
  readonly #watched: (Watched | undefined)[] = [];
  #count = 0;
  readonly #spareMemory: SpareMemory;
  #generation = 0;
  /** Events of the batch, and the next one to handle. */
  #events = 0;
  #next = 0;
  /** The list of work, as two lists that take turns. */
  #work = new Fifo<Watched>();
  #working = new Fifo<Watched>();
  /** How many in `#work` only go on with a splice. */
  #splicing = 0;
  /** In this turn the kernel was asked for events, and told all that there were. */
  #isUpToDate = false;
  /** Who is being called right now. */
  #current: Watched | undefined = undefined;
  /** Events of the batch that were handled, and those of them that were only about bytes spliced within the kernel. */
  #handled = 0;
  #spliced = 0;
  /** Work of this turn did something else: there may be promises that wait for its end. */
  #worked = false;
  /** Who is closed and is to be told. */
  readonly #closed = new Fifo<Watched>();
  /** What takes the next turn. */
  #turn: NodeJS.Immediate | undefined = undefined;
  /** The next turn comes without waiting for an event. */
  #scheduled = false;
  #running = false;
  /** Something was begun in this turn that may be done already. */
  #expecting = false;
  /** Called after a descriptor was closed, while someone waits for one. */
  readonly #starving = new Set<() => void>();

  constructor(system: System, checked = false) {
    this.system = system;
    this.checked = checked;
    this.pipes = new PipePool(system);
    this.staging = new Staging(system.staged, system.received);
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
    this.#turn ??= this.#firstTurn().unref();
    return 0;
  }

  /**
   * Whether to hear of octets that arrive. Who cannot take any for longer says so: a bulky sender would wake the process
   * for every segment.
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
   * Closes a descriptor, which takes it out of the epoll set. Events of it that are in the batch already are dropped,
   * also when the number has a new owner by then.
   */
  close(descriptor: number): void {
    if (this.#watched[descriptor] !== undefined) {
      this.#watched[descriptor] = undefined;
      this.#count -= 1;
      if (this.#count === 0) this.#loop.unref();
    }
    this.system.close(descriptor);
    if (this.#starving.size === 0) return;
    for (const resume of this.#starving) resume();
  }

  /** Has `resume` called, possibly often, when a descriptor has become free; from within whoever closed it. */
  whenDescriptorFree(resume: () => void): void {
    this.#starving.add(resume);
  }

  noLongerStarving(resume: () => void): void {
    this.#starving.delete(resume);
  }

  /** Has `watched.onWork` called from the event loop, once for any number of calls until then. */
  queue(watched: Watched): void {
    if (watched.hasWork) return;
    watched.hasWork = true;
    this.#work.push(watched);
    this.#schedule();
  }

  /** The same for a connection that only goes on with a splice. */
  queueSplicing(watched: Watched): void {
    if (!watched.hasWork) this.#splicing += 1;
    this.queue(watched);
  }

  /** Has `watched.onClosed` called once from the event loop, at the end of this turn if there is one. */
  queueClosed(watched: Watched): void {
    this.#closed.push(watched);
    if (!this.#running) this.#schedule();
  }

  /** Notes that something was begun whose event may be there already: then it is part of this turn. */
  expectEvent(): void {
    this.#expecting = true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#turn === undefined) this.#turn = this.#firstTurn();
    else this.#turn.ref();
  }

  /** The ones after it are made in it, and so in its context. */
  #firstTurn(): NodeJS.Immediate {
    return inNobodysContext(nextTurn, runPoller, this);
  }

  /** For {@link runPoller} only. One turn. */
  run(): void {
    this.#scheduled = false;
    this.#turn = this.#count > 0 ? nextTurn(runPoller, this).unref() : undefined;
    this.#running = true;
    this.#isUpToDate = false;
    this.#worked = false;
    beginTurn();
    this.staging.open();
    try {
      if (this.#working.length === 0) this.#takeWork();
      let received = this.#runWork();
      if (this.#next === this.#events) this.#takeEvents();
      // Events have a share of bytes of their own: bulky connections, always at work, would leave nothing to the others.
      received += this.#runEvents();
      this.#keepSplicing(received);
      this.#runExpected();
      this.#current = undefined;
      this.#tellClosed();
    } finally {
      this.staging.close();
      endTurn();
      this.#running = false;
      // When a handler threw, its connection looks again at what the event may have left undone, and the rest of the
      // batch has its turn.
      if (this.#current !== undefined) this.queue(this.#current);
      this.#current = undefined;
      if (this.#isUnfinished()) this.#schedule();
    }
  }

  #isUnfinished(): boolean {
    const listed = this.#working.length + this.#work.length + this.#closed.length;
    return listed > 0 || this.#next < this.#events;
  }

  #tellClosed(): void {
    const closed = this.#closed;
    for (let watched = closed.take(); watched !== undefined; watched = closed.take()) watched.onClosed();
  }

  /** Work that is queued from now on has its turn in the next round. */
  #takeWork(): void {
    const done = this.#working;
    this.#working = this.#work;
    this.#work = done;
    this.#splicing = 0;
  }

  /** Returns the bytes that were received. */
  #runWork(): number {
    const working = this.#working;
    let received = 0;
    while (received < OCTETS_PER_TURN) {
      const watched = working.take();
      if (watched === undefined) break;
      watched.hasWork = false;
      this.#current = watched;
      const outcome = watched.onWork();
      received += bytesOf(outcome);
      if (!isOnlySpliced(outcome)) this.#worked = true;
    }
    return received;
  }

  /**
   * While all that happens is bytes spliced within the kernel, nobody waits for the loop: what happens next is seen to in
   * the same turn, for a bounded time. Bulky tunnels are even waited for, which costs less than a turn of the loop;
   * `before` are the bytes that were received so far.
   */
  #keepSplicing(before: number): void {
    if (!this.#onlySplices()) return;
    const until = now() + SPLICING_TIME;
    let received = before;
    do {
      this.staging.flush();
      this.#takeWork();
      received += this.#runWork();
      // Whatever the work has written does not wait, too.
      this.staging.flush();
      const isIdle = this.#work.length + this.#working.length + this.#closed.length === 0 && !this.#worked;
      const hasTime = now() + MOST_WAITED <= until;
      this.#takeEvents(isIdle && hasTime && received >= BULKY ? MOST_WAITED : 0);
      received += this.#runEvents();
    } while (this.#onlySplices() && now() < until);
  }

  /** Something was spliced, there may be more, and there was and is nothing else. */
  #onlySplices(): boolean {
    if (this.#handled !== this.#spliced || this.#next < this.#events) return false;
    if (this.#worked || this.#work.length !== this.#splicing || this.#working.length > 0) return false;
    return this.#handled > 0 || this.#splicing > 0;
  }

  /** A connection within the machine, say, is there as soon as it was asked for. */
  #runExpected(): void {
    if (!this.#expecting || this.#next < this.#events) return;
    this.staging.flush();
    this.#takeEvents();
    this.#runEvents();
    this.#expecting = false;
  }

  #takeEvents(milliseconds = 0): void {
    this.#handled = 0;
    this.#spliced = 0;
    this.#next = 0;
    // So that whatever had come by the time of the turn is among the events.
    iterationTime();
    this.#events = Math.max(this.system.wait(this.#epoll, milliseconds), 0);
    this.#isUpToDate = this.#events < MAX_EVENTS;
  }

  /**
   * Whether the descriptor had news at the time of this turn (`iterationTime`) that it has not been told of. Undefined where only
   * the kernel can say.
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
    while (this.#next < this.#events && received < OCTETS_PER_TURN) {
      const index = this.#next++;
      const watched = this.#watched[system.eventDescriptor(index)];
      // The descriptor may have been closed since, and its number may have a new owner.
      if (watched === undefined || watched.generation !== system.eventGeneration(index)) continue;
      this.#current = watched;
      this.#handled += 1;
      const outcome = watched.onEvents(system.eventMask(index));
      received += bytesOf(outcome);
      if (isOnlySpliced(outcome)) this.#spliced += 1;
      if (this.#next % EVENTS_PER_FLUSH === 0) this.staging.flush();
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
