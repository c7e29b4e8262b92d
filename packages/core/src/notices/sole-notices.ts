import type { Duty, Hear, MadeNotices, Notices, Topic } from './notices.ts';

/** The bus of a process that serves clients alone: its objects have only common topics to tell each other something. */
export class SoleNotices implements Notices {
  /** By topic. */
  readonly #followers = new Map<string, Set<Hear>>();

  of(): MadeNotices {
    const own: (() => void)[] = [];
    return {
      duty: ALWAYS,
      topic: () => SILENT,
      common: (name) => this.#common(name, own),
      close: () => {
        for (const end of own.splice(0)) end();
      },
    };
  }

  /** What ends the following of a topic is put into `ends`. */
  #common(name: string, ends: (() => void)[]): Topic {
    const followers = this.#followers.get(name) ?? new Set<Hear>();
    this.#followers.set(name, followers);
    return {
      tell: (key, value, ttl) => {
        for (const hear of followers) hear(key, value, ttl);
      },
      follow: (hear) => {
        followers.add(hear);
        ends.push(() => void followers.delete(hear));
      },
    };
  }
}

const ALWAYS: Duty = { isOurs: true, follow: () => () => undefined };
const SILENT: Topic = { tell: () => undefined, follow: () => undefined };
