/** The longest that a timer of the runtime can be set to; a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Deadlines for connections. Starting, moving and cancelling one costs a few pointer writes: deadlines of the same
 * duration form one list, ordered by construction, behind one timer of the runtime.
 */
export class Timers {
  readonly #lists = new Map<number, DeadlineList>();
  readonly #now: () => number;

  /** `now` is what a deadline is counted from; it may lag behind `performance.now` by a turn of the event loop. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The time that deadlines are counted from. */
  now(): number {
    return this.#now();
  }

  /** The list for one duration in milliseconds. Fetch it once per configuration, not per request. */
  list(duration: number): DeadlineList {
    let list = this.#lists.get(duration);
    if (list === undefined) this.#lists.set(duration, (list = new DeadlineList(duration, this.#now)));
    return list;
  }

  /** Deadlines that are running: zero when every connection is gone. */
  get running(): number {
    let running = 0;
    for (const list of this.#lists.values()) running += list.size;
    return running;
  }

  /** Cancels what is left and lets go of the runtime's timers. */
  close(): void {
    for (const list of this.#lists.values()) list.close();
  }
}

/** Whoever has a deadline. */
export interface Expiring {
  /** Called once per expiry; the deadline is not running any more by then. */
  deadlineExpired(): void;
}

/** Something that has at most one deadline at a time. Made once, started often. */
export class Deadline {
  /** Set by the list; undefined while the deadline is not running. */
  list: DeadlineList | undefined = undefined;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  /** On the clock of `performance.now`. */
  expires = 0;
  readonly #owner: Expiring | (() => void);

  /** Calls `owner` when it expires. An object with a method costs those who have many of them no closure. */
  constructor(owner: Expiring | (() => void)) {
    this.#owner = owner;
  }

  expire(): void {
    if (typeof this.#owner === 'function') this.#owner();
    else this.#owner.deadlineExpired();
  }

  /** Runs until `list.duration` from now, wherever it ran before. */
  start(list: DeadlineList): void {
    this.list?.remove(this);
    list.append(this);
  }

  cancel(): void {
    this.list?.remove(this);
  }
}

export class DeadlineList {
  readonly duration: number;
  size = 0;
  #first: Deadline | undefined = undefined;
  #last: Deadline | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #now: () => number;

  constructor(duration: number, now: () => number) {
    this.duration = duration;
    this.#now = now;
  }

  append(deadline: Deadline): void {
    deadline.list = this;
    deadline.expires = this.#now() + this.duration;
    deadline.previous = this.#last;
    if (this.#last === undefined) this.#first = deadline;
    else this.#last.next = deadline;
    this.#last = deadline;
    this.size += 1;
    this.#arm(this.duration);
  }

  remove(deadline: Deadline): void {
    if (deadline.previous === undefined) this.#first = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next === undefined) this.#last = deadline.previous;
    else deadline.next.previous = deadline.previous;
    deadline.previous = undefined;
    deadline.next = undefined;
    deadline.list = undefined;
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
    // One millisecond of slack: the runtime's timers may fire that much early.
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
