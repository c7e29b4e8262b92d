/** Milliseconds between two questions of the same asker at least. */
export const PACE = 100;
/** The same for whoever has nothing left. */
export const SOONEST = 10;
/** Milliseconds after which what is held is said again. A lender forgets it after three times as long. */
export const RENEWED = 10_000;
/** Of the askers that hold something, so many at most say it again every {@link PACE}: each of them within {@link RENEWED} after its time. */
const RENEWED_AT_ONCE = PACE / RENEWED;
/** Milliseconds for all to give back what they hold, of which so many do so at the same time. */
const LONGEST_END = 500;
const ENDED_AT_ONCE = 64;

/** Somebody who asks a {@link Lender} about one key, again and again. */
export interface Asker {
  /** When it has asked, and when it is to ask: milliseconds of the clock of {@link Asking}, which writes them. */
  askedAt: number;
  dueAt: number;
  /** Asks now. Returns whether it holds anything, so that it is to ask again after {@link RENEWED}. */
  ask(): boolean;
  /** Gives back what it holds, for the last time. */
  end(): Promise<void>;
}

/** An asker that has not asked. */
export const NEVER = -Infinity;

/** Decides when each of many askers asks: at the end of the event-loop iteration if it has not asked for a while, and else when it may. */
export class Asking {
  readonly #now: () => number;
  /** Askers that ask at the end of the event-loop iteration. */
  readonly #soon = new Set<Asker>();
  /** Askers that ask when they may, and those of them that have nothing left. */
  readonly #later = new Set<Asker>();
  readonly #urgent = new Set<Asker>();
  /** Askers that hold something, the one that has asked longest ago first. */
  readonly #kept = new Set<Asker>();
  #immediate: NodeJS.Immediate | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #urgentTimer: NodeJS.Timeout | undefined = undefined;
  #renewal: NodeJS.Timeout | undefined = undefined;

  /** `now`: milliseconds, of a clock that does not go back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Lets it ask as soon as `delay` milliseconds have passed since it asked last. */
  request(asker: Asker, delay = PACE): void {
    const dueAt = asker.askedAt + delay;
    if (asker.dueAt <= dueAt || this.#soon.has(asker)) return;
    asker.dueAt = dueAt;
    if (dueAt <= this.#now()) {
      this.#forget(asker);
      this.#soon.add(asker);
      this.#immediate ??= setImmediate(this.#askSoon);
    } else if (delay < PACE) {
      this.#urgent.add(asker);
      this.#urgentTimer ??= setTimeout(this.#askUrgent, SOONEST).unref();
    } else {
      this.#later.add(asker);
      this.#timer ??= setTimeout(this.#askLater, PACE).unref();
    }
  }

  /** Ends all of them, or as many as it can in {@link LONGEST_END}. Those that are left are forgotten by the lender after a while. */
  async close(): Promise<void> {
    const sets = [this.#kept, this.#later, this.#urgent, this.#soon];
    const all = new Set(sets.flatMap((those) => [...those]));
    for (const those of sets) those.clear();
    clearImmediate(this.#immediate);
    for (const timer of [this.#timer, this.#urgentTimer, this.#renewal]) clearTimeout(timer);
    this.#immediate = this.#timer = this.#urgentTimer = this.#renewal = undefined;
    const left = all.values();
    const until = this.#now() + LONGEST_END;
    await Promise.all(Array.from({ length: ENDED_AT_ONCE }, () => this.#endUntil(until, left)));
  }

  async #endUntil(until: number, left: Iterable<Asker>): Promise<void> {
    for (const asker of left) {
      if (this.#now() >= until) return;
      await asker.end();
    }
  }

  readonly #askSoon = (): void => {
    this.#immediate = undefined;
    const all = [...this.#soon];
    this.#soon.clear();
    for (const asker of all) this.#ask(asker);
  };

  readonly #askLater = (): void => {
    this.#timer = undefined;
    this.#askDue(this.#later);
    if (this.#later.size > 0) this.#timer = setTimeout(this.#askLater, PACE).unref();
  };

  readonly #askUrgent = (): void => {
    this.#urgentTimer = undefined;
    this.#askDue(this.#urgent);
    if (this.#urgent.size > 0) this.#urgentTimer = setTimeout(this.#askUrgent, SOONEST).unref();
  };

  #askDue(waiting: ReadonlySet<Asker>): void {
    const now = this.#now();
    for (const asker of waiting) if (asker.dueAt <= now) this.#ask(asker);
  }

  #forget(asker: Asker): void {
    this.#later.delete(asker);
    this.#urgent.delete(asker);
  }

  #ask(asker: Asker): void {
    asker.askedAt = this.#now();
    asker.dueAt = Infinity;
    this.#forget(asker);
    this.#kept.delete(asker);
    if (!asker.ask()) return;
    this.#kept.add(asker);
    this.#renewal ??= setTimeout(this.#renew, PACE).unref();
  }

  readonly #renew = (): void => {
    this.#renewal = undefined;
    const over = this.#now() - RENEWED;
    // Not all whose time has come, because thousands may have come at the same time.
    let most = Math.ceil(this.#kept.size * RENEWED_AT_ONCE);
    for (const asker of this.#kept) {
      if (asker.askedAt > over || most === 0) break;
      most -= 1;
      this.#ask(asker);
    }
    if (this.#kept.size > 0) this.#renewal ??= setTimeout(this.#renew, PACE).unref();
  };
}
