import type { NoticeValue, Topic } from '@inband/core';

/** That a server has failed. Times are as of `Date.now`. */
export interface DownMark {
  readonly why: string;
  readonly since: number;
  readonly until: number;
  /** Whether another worker of the machine has found that out. */
  readonly isHeard: boolean;
}

/** The servers of a list that have failed, by their keys. */
export interface FailureMarks {
  all(): (readonly [key: string, mark: DownMark])[];
  /** The server is well, as far as is known. */
  clear(key: string): void;
}

interface Mark extends DownMark {
  /** The end, by `performance.now`. */
  readonly end: number;
  /** The end that other workers know of. */
  readonly told: number;
}

/** The part of its time by which a mark is prolonged before other workers are told so: many sessions may fail one after the other. */
const TOLD_AGAIN = 1 / 4;

/**
 * Marks of servers that have failed (a passive health check), by a key of address and port. The workers of a machine have the same ones: what
 * one of them marks or clears, `topic` tells the others.
 */
export class DownMarks implements FailureMarks {
  readonly #marks = new Map<string, Mark>();
  /** Marks that were lifted here only. Other workers have them. */
  readonly #lifted = new Map<string, Mark>();
  readonly #stateTimeout: number;
  readonly #topic: Topic | undefined;

  /** `stateTimeout`: milliseconds until a mark expires. */
  constructor(stateTimeout: number, topic?: Topic) {
    this.#stateTimeout = stateTimeout;
    this.#topic = topic;
    topic?.follow((key, value, ttl) => this.#hear(key, value, ttl));
  }

  /** `why`: one sentence. */
  mark(key: string, why: string): void {
    const now = Date.now();
    const known = this.#marks.get(key) ?? this.#lifted.get(key);
    const since = known?.since ?? now;
    const end = performance.now() + this.#stateTimeout;
    const isTold = known !== undefined && end - known.told < this.#stateTimeout * TOLD_AGAIN;
    const told = isTold ? known.told : end;
    this.#lifted.delete(key);
    this.#marks.set(key, { why, since, until: now + this.#stateTimeout, isHeard: false, end, told });
    if (!isTold) this.#topic?.tell(key, { why, since }, this.#stateTimeout);
  }

  clear(key: string): void {
    if (this.#marks.size + this.#lifted.size === 0) return;
    const wasMarked = this.#marks.delete(key);
    if (this.#lifted.delete(key) || wasMarked) this.#topic?.tell(key, undefined, 0);
  }

  /** The server is to be tried once, because no other one is left. That does not say that it is well. */
  lift(key: string): void {
    const mark = this.#marks.get(key);
    if (mark === undefined) return;
    this.#marks.delete(key);
    if (this.#topic !== undefined) this.#lifted.set(key, mark);
  }

  has(key: string): boolean {
    // The usual case, and this is called for every request.
    if (this.#marks.size === 0) return false;
    const mark = this.#marks.get(key);
    if (mark === undefined) return false;
    if (performance.now() < mark.end) return true;
    this.#marks.delete(key);
    return false;
  }

  /** The keys that are marked now, each with its mark. */
  all(): [key: string, mark: DownMark][] {
    return [...this.#marks].filter(([key]) => this.has(key));
  }

  #hear(key: string, value: NoticeValue | undefined, ttl: number): void {
    this.#lifted.delete(key);
    if (value === undefined) {
      this.#marks.delete(key);
      return;
    }
    const heard = heardMark(value);
    const end = performance.now() + Math.min(ttl, this.#stateTimeout);
    const known = this.#marks.get(key);
    if (heard === undefined || (known !== undefined && known.end >= end)) return;
    this.#marks.set(key, { ...heard, until: Date.now() + ttl, isHeard: true, end, told: end });
  }
}

function heardMark(value: NoticeValue): Pick<DownMark, 'why' | 'since'> | undefined {
  if (typeof value !== 'object' || !('why' in value)) return undefined;
  const { why, since } = value;
  return typeof why === 'string' && typeof since === 'number' ? { why, since } : undefined;
}
