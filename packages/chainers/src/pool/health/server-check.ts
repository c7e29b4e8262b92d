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

/** When one server is looked at: one look after the other, the first one soon. */
export class ServerCheck {
  readonly #times: CheckTimes;
  readonly #look: (probe: Probe) => Promise<boolean>;
  readonly #random: () => number;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** When `#timer` fires. */
  #due = 0;
  /** The look that is being taken. */
  #probe: Probe | undefined = undefined;
  #isDoubted = false;
  #isStopped = false;

  /** `look` resolves with whether another look should follow soon, and never rejects. */
  constructor(times: CheckTimes, look: (probe: Probe) => Promise<boolean>, random: () => number = Math.random) {
    this.#times = times;
    this.#look = look;
    this.#random = random;
    this.#schedule(this.#soon * random());
  }

  /** Something speaks against what is known. */
  lookSoon(): void {
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
    const { interval } = this.#times;
    const usual = interval * (1 - JITTER + 2 * JITTER * this.#random());
    this.#schedule(isDoubted || this.#isDoubted ? this.#soon : usual);
  }
}
