import type { Session } from '@inband/core';
import { firstOfEach } from './server-set.ts';
import type { KnownServer, ServerSource } from './server-source.ts';

/** The servers of several sources together. Some of them are enough. */
export class JoinedSource implements ServerSource {
  readonly #sources: readonly ServerSource[];
  /** Whether all that is to be looked up is looked up by now. */
  #isStarted: boolean;
  #servers: readonly KnownServer[] | undefined = undefined;
  #changed: () => void = () => undefined;

  /** `isConstant`: nothing is to be looked up, so that there is nothing to start. */
  constructor(sources: readonly ServerSource[], isConstant: boolean) {
    this.#sources = sources;
    this.#isStarted = isConstant;
    this.#collect();
    for (const source of sources) {
      source.follow(() => {
        this.#collect();
        if (this.#isStarted) this.#changed();
      });
    }
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#isStarted ? this.#servers : undefined;
  }

  follow(changed: () => void): void {
    this.#changed = changed;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (const source of this.#sources) source.start();
    if (this.#servers !== undefined) this.#changed();
  }

  async ready(session: Session): Promise<void> {
    this.start();
    const outcomes = await Promise.allSettled(this.#sources.map((source) => source.ready(session)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (this.#servers === undefined && failure !== undefined) throw failure.reason;
  }

  unknown(): readonly string[] {
    return this.#sources.flatMap((source) => source.unknown?.() ?? []);
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }

  #collect(): void {
    const known = this.#sources.flatMap(({ servers }) => servers ?? []);
    const isKnown = known.length > 0 || this.#sources.some(({ servers }) => servers !== undefined);
    if (isKnown) this.#servers = firstOfEach(known);
  }
}
