import type { Outcome } from './outcome.ts';

/** The owner of a descriptor in the epoll set. */
export abstract class Watched {
  // Here and in the subclasses that have some, properties are declared and set by the constructor: V8 inlines no constructor of a class whose
  // superclass has field definitions or private methods.

  /** For the poller only. It tells this owner of a descriptor number from earlier ones. */
  declare generation: number;
  /** For the poller only. Whether it is queued as work. */
  declare hasWork: boolean;

  constructor() {
    this.generation = 0;
    this.hasWork = false;
  }

  /** The kernel has an event for the descriptor. Called from the event loop. */
  abstract onEvents(mask: number): Outcome;
  /** What {@link Poller.queue} asked for. Called from the event loop, in a later iteration or later in this one. */
  abstract onWork(): Outcome;
  /** What {@link EpollSet.visits} was asked for. */
  onVisit(): void {}
  /** What {@link Poller.queueClosed} asked for. Called from the event loop, at the end of this iteration or in the next. */
  onClosed(): void {}
}
