import { MOST_NAMES, MOST_TEXT } from './base/limits.ts';
import type { Outcome, Question, Reply } from './base/messages.ts';
import { PacError } from './base/pac-error.ts';
import { PacThread } from './pac-thread.ts';

export interface PacFileDeps {
  /** The addresses of a name, none where it has none. Rejects where that cannot be known. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Gets what the file tells by `alert`. */
  readonly alert: (text: string) => void;
}

/** A PAC file that can be asked. It has a thread of its own, which ends with `close`. */
export class PacFile {
  readonly #deps: PacFileDeps;
  readonly #thread = new PacThread();

  constructor(deps: PacFileDeps) {
    this.#deps = deps;
  }

  /** Uses another text from now on. Rejects with a {@link PacError} if it is none, and goes on with the one before. */
  async load(text: string): Promise<void> {
    if (Buffer.byteLength(text) > MOST_TEXT) throw new PacError('text', `it is longer than ${MOST_TEXT >> 20} MiB.`);
    const outcome = await this.#ask({ type: 'load', text: text.replace(/^\uFEFF/, '') });
    if (outcome.type === 'failed') throw new PacError(outcome.kind, outcome.message);
  }

  /**
   * What `FindProxyForURL(url, host)` returns. The file is called anew for each name that it asks for and that is not known,
   * with the names known so far. Rejects with a {@link PacError}.
   */
  async find(url: string, host: string): Promise<string> {
    const names = new Map<string, readonly string[]>();
    for (;;) {
      const outcome = await this.#ask({ type: 'find', url, host, names });
      if (outcome.type === 'answer') return outcome.text;
      if (outcome.type === 'failed') throw new PacError(outcome.kind, outcome.message);
      if (outcome.type === 'needs') names.set(outcome.name, await this.#addressesOf(outcome.name, names.size));
    }
  }

  close(): void {
    this.#thread.close();
  }

  async #addressesOf(name: string, known: number): Promise<readonly string[]> {
    if (known >= MOST_NAMES) throw new PacError('limit', `it asks for the addresses of more than ${MOST_NAMES} names.`);
    // Browsers do not tell a name without an address from one that could not be looked up either.
    return this.#deps.resolve(name).catch(() => []);
  }

  async #ask(question: Question): Promise<Outcome> {
    const { outcome, alerts }: Reply = await this.#thread.ask(question);
    for (const text of alerts) this.#deps.alert(text);
    return outcome;
  }
}
