import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@inband/core';
import { replaceFile } from '@inband/files';

/** A file in `cluster.state`, which is replaced whole. */
export class StateFile {
  readonly path: string;
  readonly #logger: Logger;
  readonly #failed: string;
  #isSaid = false;
  /** One write begins after the other. */
  #turn: Promise<void> = Promise.resolve();
  /** What the write that has not begun yet will write. A disk may be slower than what changes. */
  #next: string | undefined;

  /** `failed`: what is logged, once, where it cannot be written. Its folder is made with the first write. */
  constructor(path: string, logger: Logger, failed: string) {
    this.path = path;
    this.#logger = logger;
    this.#failed = failed;
  }

  /** Resolves when this, or something newer, is written. Never rejects. */
  write(text: string): Promise<void> {
    if (this.#next === undefined) this.#turn = this.#turn.then(() => this.#write());
    this.#next = text;
    return this.#turn;
  }

  async #write(): Promise<void> {
    const text = this.#next ?? '';
    this.#next = undefined;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await replaceFile(this.path, text);
    } catch (error) {
      if (!this.#isSaid) this.#logger.warn({ err: error }, this.#failed);
      this.#isSaid = true;
    }
  }
}
