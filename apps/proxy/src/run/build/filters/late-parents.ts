import { type Chainer, isPromise, type MaybePromise } from '@inband/core';
import type { FilterParents } from '@inband/http-proxy';

/**
 * Loads what reaches parents when a filter chooses one for the first time, because most filters never do. If that fails, the next one that is chosen
 * loads it again.
 */
export class LateParents implements FilterParents {
  readonly #load: () => Promise<FilterParents>;
  #parents: MaybePromise<FilterParents> | undefined = undefined;

  constructor(load: () => Promise<FilterParents>) {
    this.#load = load;
  }

  chainerFor(url: string): MaybePromise<Chainer> {
    const parents = (this.#parents ??= this.#loaded());
    return isPromise(parents) ? parents.then((loaded) => loaded.chainerFor(url)) : parents.chainerFor(url);
  }

  close(): void {
    const parents = this.#parents;
    if (parents === undefined) return;
    if (!isPromise(parents)) return parents.close();
    // Whoever asked for it has been told why it failed.
    parents.then(
      (loaded) => loaded.close(),
      () => undefined,
    );
  }

  async #loaded(): Promise<FilterParents> {
    try {
      const parents = await this.#load();
      this.#parents = parents;
      return parents;
    } catch (error) {
      this.#parents = undefined;
      throw error;
    }
  }
}
