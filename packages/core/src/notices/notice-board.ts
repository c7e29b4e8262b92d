import type { NoticeValue } from './notices.ts';

/** Notices that are kept at most. */
const MOST_KEPT = 8_192;

/** A notice as it is kept. */
export interface KeptNotice {
  readonly value: NoticeValue | undefined;
  /** When it ends, on the clock of `performance.now`. */
  readonly until: number;
}

/** That what was told before does not hold any more. */
export const OVER: KeptNotice = { value: undefined, until: Infinity };

/** Notices by topic and key, the last one of each. Bounded: a topic that is told much loses its own oldest notices. */
export class NoticeBoard {
  readonly #topics = new Map<string, Map<string, KeptNotice>>();
  readonly #most: number;
  #size = 0;

  constructor(most = MOST_KEPT) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  set(topic: string, key: string, notice: KeptNotice): void {
    const notices = this.#topics.get(topic) ?? new Map<string, KeptNotice>();
    if (notices.delete(key)) this.#size -= 1;
    else if (this.#size >= this.#most) this.#makeRoom(notices);
    // In the order in which they were told, the oldest first.
    this.#topics.set(topic, notices);
    notices.set(key, notice);
    this.#size += 1;
  }

  delete(topic: string, key: string): void {
    const notices = this.#topics.get(topic);
    if (notices?.delete(key) !== true) return;
    this.#size -= 1;
    if (notices.size === 0) this.#topics.delete(topic);
  }

  /** The notices of a topic that have not ended. */
  *of(topic: string, now: number): Generator<readonly [key: string, notice: KeptNotice]> {
    for (const [key, notice] of this.#topics.get(topic) ?? []) {
      if (notice.until > now) yield [key, notice];
      else this.delete(topic, key);
    }
  }

  topics(): string[] {
    return [...this.#topics.keys()];
  }

  forget(topic: string): void {
    this.#size -= this.#topics.get(topic)?.size ?? 0;
    this.#topics.delete(topic);
  }

  #makeRoom(own: Map<string, KeptNotice>): void {
    const [notices] = own.size > 0 ? [own] : this.#topics.values();
    const [oldest] = notices?.keys() ?? [];
    if (oldest === undefined || notices?.delete(oldest) !== true) return;
    this.#size -= 1;
    if (notices.size > 0) return;
    for (const [topic, other] of this.#topics) if (other === notices) this.#topics.delete(topic);
  }
}
