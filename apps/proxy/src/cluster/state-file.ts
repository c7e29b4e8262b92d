import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@inband/core';

/** A file in `cluster.state`, which is replaced whole. */
export class StateFile {
  readonly path: string;
  readonly #logger: Logger;
  readonly #failed: string;
  #isSaid = false;
  /** One write begins after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** `failed`: what is logged, once, where it cannot be written. Its folder is made with the first write. */
  constructor(path: string, logger: Logger, failed: string) {
    this.path = path;
    this.#logger = logger;
    this.#failed = failed;
  }

  /** Never rejects. */
  write(text: string): Promise<void> {
    this.#turn = this.#turn.then(() => this.#write(text));
    return this.#turn;
  }

  async #write(text: string): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const next = `${this.path}.next`;
      await writeFile(next, text, { mode: 0o600 });
      await rename(next, this.path);
    } catch (error) {
      if (!this.#isSaid) this.#logger.warn({ err: error }, this.#failed);
      this.#isSaid = true;
    }
  }
}
