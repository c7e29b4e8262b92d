import { NoticeBoard, OVER } from './notice-board.ts';
import { NoticeOutbox, type SendNotices, type SentNotices } from './notice-outbox.ts';
import type { Duty, Hear, MadeNotices, Notices, NoticeValue, Topic } from './notices.ts';

/** The bus in one of the processes that it connects. */
export class WorkerNotices implements Notices {
  /** What others have told, for those who follow it later. */
  readonly #board = new NoticeBoard();
  readonly #outbox: NoticeOutbox;
  /** By topic. */
  readonly #followers = new Map<string, Hear[]>();
  readonly #duty = new WorkerDuty();

  constructor(send: SendNotices) {
    this.#outbox = new NoticeOutbox(send);
  }

  of(owner: string): MadeNotices {
    const own: (() => void)[] = [];
    return {
      duty: this.#duty,
      topic: (name) => this.#topic(`${owner} ${name}`, own),
      common: (name) => this.#topic(`common ${name}`, own),
      close: () => {
        for (const end of own.splice(0)) end();
      },
    };
  }

  /** What other processes have told. */
  take(notices: SentNotices): void {
    const now = performance.now();
    for (const [topic, told] of notices) {
      const followers = this.#followers.get(topic) ?? [];
      for (const [key, sent, ttl] of told) {
        const value = sent ?? undefined;
        if (value === undefined) this.#board.delete(topic, key);
        else this.#board.set(topic, key, { value, until: now + ttl });
        for (const hear of followers) hear(key, value, ttl);
      }
    }
  }

  /** The supervisor says whether what is done once for the machine is done here. */
  takeDuty(isOurs: boolean): void {
    this.#duty.take(isOurs);
  }

  close(): void {
    this.#outbox.close();
  }

  /** What ends the following of a topic is put into `ends`. */
  #topic(topic: string, ends: (() => void)[]): Topic {
    return {
      tell: (key, value, ttl) => this.#tell(topic, key, value, ttl),
      follow: (hear) => {
        this.#follow(topic, hear);
        ends.push(() => this.#end(topic, hear));
      },
    };
  }

  #tell(topic: string, key: string, value: NoticeValue | undefined, ttl: number): void {
    if (value === undefined) this.#board.delete(topic, key);
    this.#outbox.add(topic, key, value === undefined ? OVER : { value, until: performance.now() + ttl });
  }

  #follow(topic: string, hear: Hear): void {
    this.#followers.set(topic, [...(this.#followers.get(topic) ?? []), hear]);
    const now = performance.now();
    for (const [key, { value, until }] of this.#board.of(topic, now)) hear(key, value, until - now);
  }

  #end(topic: string, hear: Hear): void {
    const others = (this.#followers.get(topic) ?? []).filter((other) => other !== hear);
    if (others.length > 0) this.#followers.set(topic, others);
    else this.#forget(topic);
  }

  #forget(topic: string): void {
    this.#followers.delete(topic);
    this.#board.forget(topic);
  }
}

class WorkerDuty implements Duty {
  #isOurs = false;
  readonly #followers = new Set<() => void>();

  get isOurs(): boolean {
    return this.#isOurs;
  }

  follow(changed: () => void): () => void {
    this.#followers.add(changed);
    return () => void this.#followers.delete(changed);
  }

  take(isOurs: boolean): void {
    if (isOurs === this.#isOurs) return;
    this.#isOurs = isOurs;
    for (const changed of this.#followers) changed();
  }
}
