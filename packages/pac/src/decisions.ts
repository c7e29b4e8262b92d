import type { PacFile } from './pac-file.ts';

/** Answers that are kept. */
const MOST_ANSWERS = 10_000;
/** Milliseconds. A file may look at the clock, and names change their addresses. */
const ANSWER_LIFE = 60_000;
/** Milliseconds for a call that failed, so that a file that takes too long is not called by each request. */
const FAILURE_LIFE = 5_000;

interface Kept<Answer> {
  readonly answer: Answer | Error;
  /** By `now`. */
  readonly until: number;
}

/**
 * What a PAC file has answered. It is asked once for what many want at the same time. `Answer` is what `understand` makes of
 * a text; what it throws is kept, too.
 */
export class Decisions<Answer> {
  readonly #file: Pick<PacFile, 'find'>;
  readonly #understand: (text: string) => Answer;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept<Answer>>();
  #asked = new Map<string, Promise<Answer>>();

  constructor(
    file: Pick<PacFile, 'find'>,
    understand: (text: string) => Answer,
    now: () => number = () => performance.now(),
  ) {
    this.#file = file;
    this.#understand = understand;
    this.#now = now;
  }

  /** At once where it is known. Rejects with what `find` of the file rejects with, or `understand` throws. */
  find(url: string, host: string): Answer | Promise<Answer> {
    const kept = this.#kept.get(url);
    if (kept !== undefined && kept.until > this.#now())
      return kept.answer instanceof Error ? Promise.reject(kept.answer) : kept.answer;
    const asked = this.#asked.get(url) ?? this.#ask(url, host);
    this.#asked.set(url, asked);
    return asked;
  }

  /** Forgets all answers, because the file has changed. Who waits for one gets that of the file before. */
  clear(): void {
    this.#kept.clear();
    this.#asked = new Map();
  }

  async #ask(url: string, host: string): Promise<Answer> {
    const all = this.#asked;
    let answer: Answer | Error;
    try {
      answer = this.#understand(await this.#file.find(url, host));
    } catch (error) {
      answer = error instanceof Error ? error : new Error(String(error));
    }
    // Not if it was cleared meanwhile.
    if (all === this.#asked) this.#keep(url, answer);
    all.delete(url);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  #keep(url: string, answer: Answer | Error): void {
    const life = answer instanceof Error ? FAILURE_LIFE : ANSWER_LIFE;
    // At its end, where the youngest are.
    this.#kept.delete(url);
    this.#kept.set(url, { answer, until: this.#now() + life });
    if (this.#kept.size <= MOST_ANSWERS) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
