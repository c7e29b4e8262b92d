import { Probe } from './probes/probe.ts';

/** Milliseconds. */
export interface CheckTimes {
  /** From the end of a look to the next one, give or take a fifth. */
  readonly interval: number;
  /** For a look, from dialling to the end of what is read of the answer. */
  readonly timeout: number;
}

/** Looks are not taken all at one time, neither those of several servers nor those of several proxies. */
const JITTER = 0.2;
/** The longest time until the second look, and until the first one of all. */
const SOON = 1_000;

/** How many intervals pass, at least, without a look of another worker until one looks that is not on duty. */
const STANDBY = 2.2;

/**
 * When one server is looked at: one look after the other, the first one soon. Of several workers the one on duty looks, and each other one
 * only when it has heard of no look for long: the one on duty may hang, or not know this server.
 */
export class ServerCheck {
  readonly #times: CheckTimes;
  readonly #look: (probe: Probe) => Promise<boolean>;
  readonly #random: () => number;
  readonly #isOnDuty: () => boolean;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** When `#timer` fires. */
  #due = 0;
  /** The look that is being taken. */
  #probe: Probe | undefined = undefined;
  #isDoubted = false;
  /** When the last look ended, here or in another worker. Undefined before the first one. */
  #last: number | undefined = undefined;
  #isStopped = false;

  /** `look` resolves with whether another look should follow soon, and never rejects. */
  constructor(
    times: CheckTimes,
    look: (probe: Probe) => Promise<boolean>,
    random: () => number = Math.random,
    isOnDuty: () => boolean = ALWAYS,
  ) {
    this.#times = times;
    this.#look = look;
    this.#random = random;
    this.#isOnDuty = isOnDuty;
    this.#schedule(isOnDuty() ? this.#soon * random() : this.#usual);
  }

  /** Another worker has looked. */
  lookedElsewhere(isDoubted: boolean): void {
    this.#last = performance.now();
    this.#isDoubted = false;
    if (this.#probe === undefined) this.#scheduleNext(isDoubted);
  }

  /** This worker is on duty, or not any more. */
  dutyChanged(): void {
    if (this.#probe !== undefined) return;
    const wait = this.#isOnDuty() && this.#last === undefined ? this.#soon * this.#random() : this.#usual;
    this.#schedule(Math.max(this.#soon * this.#random(), (this.#last ?? performance.now()) + wait - performance.now()));
  }

  /** Something speaks against what is known. */
  lookSoon(): void {
    if (!this.#isOnDuty()) return;
    this.#isDoubted = true;
    if (this.#probe === undefined && this.#due > performance.now() + this.#soon) this.#schedule(this.#soon);
  }

  /** Milliseconds until the next look. */
  get wait(): number {
    return Math.max(0, this.#due - performance.now());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#probe?.cancel();
  }

  get #soon(): number {
    return Math.min(SOON, this.#times.interval / 10);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#due = performance.now() + delay;
    this.#timer = setTimeout(() => void this.#run(), delay).unref();
  }

  async #run(): Promise<void> {
    this.#isDoubted = false;
    this.#probe = new Probe(this.#times.timeout);
    const isDoubted = await this.#look(this.#probe);
    this.#probe = undefined;
    this.#last = performance.now();
    this.#scheduleNext(isDoubted || this.#isDoubted);
  }

  #scheduleNext(isDoubted: boolean): void {
    this.#schedule(isDoubted && this.#isOnDuty() ? this.#soon : this.#usual);
  }

  /** Milliseconds from a look to the next one that is not to follow soon. */
  get #usual(): number {
    const { interval, timeout } = this.#times;
    const jitter = 2 * JITTER * this.#random();
    return this.#isOnDuty() ? interval * (1 - JITTER + jitter) : interval * (STANDBY + jitter) + timeout;
  }
}

const ALWAYS = (): boolean => true;
