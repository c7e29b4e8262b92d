/** Milliseconds of the longest `setTimeout`. A longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Timeouts for connections. Starting, restarting and cancelling one costs a few pointer writes, because timeouts of the
 * same duration form one linked list, which needs no sorting, behind one `setTimeout`.
 */
export class Timers {
  readonly #lists = new Map<number, TimeoutList>();
  readonly #now: () => number;

  /** Timeouts start at `now`, which may lag behind `performance.now` by one event-loop iteration. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The time at which a timeout that is started now starts. */
  now(): number {
    return this.#now();
  }

  /** The list for one duration in milliseconds. Fetch it once per configuration, not per request. */
  list(duration: number): TimeoutList {
    let list = this.#lists.get(duration);
    if (list === undefined) this.#lists.set(duration, (list = new TimeoutList(duration, this.#now)));
    return list;
  }

  /** Timeouts that are running. Zero when every connection is closed. */
  get running(): number {
    let running = 0;
    for (const list of this.#lists.values()) running += list.size;
    return running;
  }

  /** Cancels every timeout and clears the timers of the runtime. */
  close(): void {
    for (const list of this.#lists.values()) list.close();
  }
}

/** The owner of a timeout. */
export interface Expiring {
  /** Called once per expiry; the timeout is not running any more by then. */
  timeoutExpired(): void;
}

/** A timeout that is created once per connection and started many times. It runs at most once at a time. */
export class Timeout {
  /** Set by the list; undefined while the timeout is not running. */
  list: TimeoutList | undefined = undefined;
  previous: Timeout | undefined = undefined;
  next: Timeout | undefined = undefined;
  /** On the clock of `performance.now`. */
  expires = 0;
  readonly #owner: Expiring | (() => void);

  /** Calls `owner` when it expires. An owner with a method needs no closure per timeout, which counts with many connections. */
  constructor(owner: Expiring | (() => void)) {
    this.#owner = owner;
  }

  expire(): void {
    if (typeof this.#owner === 'function') this.#owner();
    else this.#owner.timeoutExpired();
  }

  /** Starts, or restarts: it expires `list.duration` milliseconds from now. */
  start(list: TimeoutList): void {
    this.list?.remove(this);
    list.append(this);
  }

  cancel(): void {
    this.list?.remove(this);
  }
}

export class TimeoutList {
  readonly duration: number;
  size = 0;
  #first: Timeout | undefined = undefined;
  #last: Timeout | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #now: () => number;

  constructor(duration: number, now: () => number) {
    this.duration = duration;
    this.#now = now;
  }

  append(timeout: Timeout): void {
    timeout.list = this;
    timeout.expires = this.#now() + this.duration;
    timeout.previous = this.#last;
    if (this.#last === undefined) this.#first = timeout;
    else this.#last.next = timeout;
    this.#last = timeout;
    this.size += 1;
    this.#arm(this.duration);
  }

  remove(timeout: Timeout): void {
    if (timeout.previous === undefined) this.#first = timeout.next;
    else timeout.previous.next = timeout.next;
    if (timeout.next === undefined) this.#last = timeout.previous;
    else timeout.next.previous = timeout.previous;
    timeout.previous = undefined;
    timeout.next = undefined;
    timeout.list = undefined;
    this.size -= 1;
  }

  #arm(delay: number): void {
    this.#timer ??= setTimeout(this.#tick, Math.min(Math.max(1, delay), LONGEST));
  }

  close(): void {
    while (this.#first !== undefined) this.remove(this.#first);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    // `setTimeout` may fire one millisecond early.
    try {
      while (this.#first !== undefined && this.#first.expires <= now + 1) {
        const due = this.#first;
        this.remove(due);
        due.expire();
      }
    } finally {
      if (this.#first !== undefined) this.#arm(this.#first.expires - performance.now());
    }
  };
}
