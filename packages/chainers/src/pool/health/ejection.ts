import { Outcomes } from './outcomes.ts';

/** When passive health checks take a server out, and for how long. Times are in milliseconds. */
export interface EjectionOptions {
  /** Failures in a row. Default: 5. */
  readonly consecutive: number;
  /** The part of sessions that failed, of at least `least` in ten seconds. Defaults: 0.5 of 20. */
  readonly ratio: number;
  readonly least: number;
  /** For how long the first time. Each time that follows soon, twice as long, up to `longest`. Defaults: 10 s, 5 min. */
  readonly first: number;
  readonly longest: number;
}

export const DEFAULT_EJECTION: EjectionOptions = {
  consecutive: 5,
  ratio: 0.5,
  least: 20,
  first: 10_000,
  longest: 300_000,
};

/** That a server was taken out, as workers tell each other. */
export interface Ejected {
  /** When it is used again. */
  readonly until: number;
  /** How often it was out without having been well for long. */
  readonly times: number;
  /** When it was taken out, as of `Date.now`. */
  readonly since: number;
}

/** Whether a server is in use, by what happens to the sessions that it has (outlier detection). */
export class Ejection {
  readonly #options: EjectionOptions;
  readonly #outcomes = new Outcomes();
  #inRow = 0;
  #times = 0;
  #until = 0;
  #since = 0;

  constructor(options: EjectionOptions = DEFAULT_EJECTION) {
    this.#options = options;
  }

  /** When it may be used again; 0 if it was not taken out. */
  get until(): number {
    return this.#until;
  }

  get ejected(): Ejected {
    return { until: this.#until, times: this.#times, since: this.#since };
  }

  isOut(now: number): boolean {
    return now < this.#until;
  }

  /** A session was served. The next time that it fails it is out for the shortest time if it was well for as long as it was out. */
  succeeded(now: number): void {
    this.#inRow = 0;
    this.#outcomes.add(true, now);
    if (this.#times > 0 && now >= this.#until + this.#duration()) this.#times = 0;
  }

  /** A session failed. Returns whether the server should be taken out now. */
  failed(now: number): boolean {
    this.#inRow += 1;
    this.#outcomes.add(false, now);
    if (this.isOut(now)) return false;
    const { all, failed } = this.#outcomes.at(now);
    const { consecutive, ratio, least } = this.#options;
    // One failure is enough directly after it was out: it is still not well.
    const isBack = this.#times > 0 && this.#outcomes.at(now).all === failed;
    return this.#inRow >= consecutive || (all >= least && failed >= all * ratio) || isBack;
  }

  /** Takes it out. */
  eject(now: number): void {
    this.#times += 1;
    this.#until = now + this.#duration();
    this.#since = Date.now();
    this.#inRow = 0;
    this.#outcomes.clear();
  }

  /** Another worker has taken it out. Where both have, it is out for the longer time, and for one time more and not two. */
  adopt({ until, times, since }: Ejected, now: number): void {
    this.#since = this.isOut(now) ? Math.min(this.#since, since) : since;
    this.#until = Math.max(this.#until, until);
    this.#times = Math.max(this.#times, times);
    this.#inRow = 0;
    this.#outcomes.clear();
  }

  /** Checks say that it is well: it is back now, if this is the first time that it is out. Returns whether that is so. */
  endFirst(now: number): boolean {
    if (this.#times !== 1 || !this.isOut(now)) return false;
    this.end(now);
    return true;
  }

  /** The server is back now. */
  end(now: number): void {
    this.#until = Math.min(this.#until, now);
  }

  /** Takes it back: an operator says that it is well. */
  readmit(): void {
    this.#until = 0;
    this.#inRow = 0;
    this.#times = 0;
    this.#outcomes.clear();
  }

  #duration(): number {
    const { first, longest } = this.#options;
    return Math.min(longest, first * 2 ** Math.max(0, this.#times - 1));
  }
}
