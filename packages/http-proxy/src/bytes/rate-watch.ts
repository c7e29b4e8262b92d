import { Timeout, type Expiring, type TimeoutList, type Timers } from '@inband/core';

/** How fast a client must send a body, or take one. */
export interface MinimumRate {
  /** Bytes per second. */
  readonly rate: number;
  /** The same as it was written: `1KiB/s`. */
  readonly written: string;
  /** Milliseconds over which the rate is measured, so that a short stall is no fault. */
  readonly grace: number;
  /** The time between two looks, of which {@link LOOKS} make a grace time. */
  readonly look: TimeoutList;
  /** The place of the setting. */
  readonly setting: string;
}

/** A minimum rate as a configuration has it. */
export type MinimumRateOptions = Omit<MinimumRate, 'look'>;

/** How often a client is looked at within the grace time. */
const LOOKS = 4;

/** Bytes that the system may hold for a peer, beyond what the transport knows (the last value of `net.ipv4.tcp_wmem`). */
const SYSTEM_BUFFER = 4 * 1024 * 1024;

export function minimumRate(options: MinimumRateOptions, timers: Timers): MinimumRate {
  return { ...options, look: timers.list(Math.max(1, Math.ceil(options.grace / LOOKS))) };
}

/** One body, and the client that sends or takes it. */
export interface Watched {
  /** Bytes that the client has sent, or taken, so far. */
  readonly progress: number;
  /** Whether it is the client that is waited for now. */
  readonly waitsForClient: boolean;
  /** Whether `progress` is exact. Otherwise the system may have taken bytes in place of the client. */
  readonly isExact: boolean;
  /** Nothing more is to come. */
  readonly isOver: boolean;
  tooSlow(rate: MinimumRate): void;
}

/**
 * Finds a client that sends or takes a body more slowly than it must. It looks at it several times within the grace time, and judges it at the end
 * of it by the bytes that moved, for as much of that time as the client was what was waited for. What the other side, or a limit, holds up is
 * no fault of the client.
 */
export class RateWatch implements Expiring {
  readonly #rate: MinimumRate;
  readonly #watched: Watched;
  readonly #timeout = new Timeout(this);
  #begun = 0;
  #looks = 0;
  /** Looks at which the client was waited for. */
  #waiting = 0;

  constructor(rate: MinimumRate, watched: Watched) {
    this.#rate = rate;
    this.#watched = watched;
    this.#begin();
  }

  #begin(): void {
    this.#begun = this.#watched.progress;
    this.#looks = this.#waiting = 0;
    this.#timeout.start(this.#rate.look);
  }

  /** @internal */
  timeoutExpired(): void {
    if (this.#watched.isOver) return;
    this.#looks += 1;
    if (this.#watched.waitsForClient) this.#waiting += 1;
    if (this.#looks < this.#looksNeeded) return this.#timeout.start(this.#rate.look);
    const seconds = (this.#waiting * this.#rate.grace) / LOOKS / 1000;
    const isSlow = this.#watched.progress - this.#begun < seconds * this.#rate.rate;
    // Waited for now and then, it may have been fast at those times.
    if (isSlow && this.#waiting * 2 >= this.#looks) return this.#watched.tooSlow(this.#rate);
    this.#begin();
  }

  get #looksNeeded(): number {
    if (this.#watched.isExact) return LOOKS;
    const { rate, grace } = this.#rate;
    return LOOKS * Math.max(1, Math.ceil((SYSTEM_BUFFER * 1000) / (rate * grace)));
  }

  stop(): void {
    this.#timeout.cancel();
  }
}
