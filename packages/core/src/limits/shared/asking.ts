/** Milliseconds between two questions of the same asker at least. */
export const PACE = 100;
/** Milliseconds after which what is held is said again. A lender forgets it after three times as long. */
export const RENEWED = 10_000;
/** Milliseconds between two looks at what is to be said again. */
const LOOKED = 1_000;

/** Somebody who asks a {@link Lender} about one key, again and again. */
export interface Asker {
  /** When it has asked, and when it is to ask: milliseconds of the clock of {@link Asking}, which writes them. */
  askedAt: number;
  dueAt: number;
  /** Asks now. Returns whether it holds anything, so that it is to ask again after {@link RENEWED}. */
  ask(): boolean;
  /** Gives back what it holds, and is not asked for anything any more. */
  end(): void;
}

/** An asker that has not asked. */
export const NEVER = -Infinity;

/** Decides when each of many asks: at the end of this turn of the event loop if it has not asked for a while, and else when it may. */
export class Asking {
  readonly #now: () => number;
  /** Those that ask at the end of this turn. */
  readonly #soon = new Set<Asker>();
  /** Those that ask when they may. */
  readonly #later = new Set<Asker>();
  /** Those that hold something, the one that has asked longest ago first. */
  readonly #kept = new Set<Asker>();
  #immediate: NodeJS.Immediate | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
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
    if (dueAt > this.#now()) {
      this.#later.add(asker);
      this.#timer ??= setTimeout(this.#askLater, PACE).unref();
      return;
    }
    this.#later.delete(asker);
    this.#soon.add(asker);
    this.#immediate ??= setImmediate(this.#askSoon);
  }

  /** Ends all of them. */
  close(): void {
    const all = new Set([...this.#kept, ...this.#later, ...this.#soon]);
    for (const those of [this.#kept, this.#later, this.#soon]) those.clear();
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#immediate = this.#timer = this.#renewal = undefined;
    for (const asker of all) asker.end();
  }

  readonly #askSoon = (): void => {
    this.#immediate = undefined;
    const all = [...this.#soon];
    this.#soon.clear();
    for (const asker of all) this.#ask(asker);
  };

  readonly #askLater = (): void => {
    this.#timer = undefined;
    const now = this.#now();
    for (const asker of this.#later) if (asker.dueAt <= now) this.#ask(asker);
    if (this.#later.size > 0) this.#timer = setTimeout(this.#askLater, PACE).unref();
  };

  #ask(asker: Asker): void {
    asker.askedAt = this.#now();
    asker.dueAt = Infinity;
    this.#later.delete(asker);
    this.#kept.delete(asker);
    if (!asker.ask()) return;
    this.#kept.add(asker);
    this.#renewal ??= setTimeout(this.#renew, LOOKED).unref();
  }

  readonly #renew = (): void => {
    this.#renewal = undefined;
    const over = this.#now() - RENEWED;
    for (const asker of this.#kept) {
      if (asker.askedAt > over) break;
      this.#ask(asker);
    }
    if (this.#kept.size > 0) this.#renewal ??= setTimeout(this.#renew, LOOKED).unref();
  };
}
