import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '@inband/core';
import * as z from 'zod';

const FILE = 'members.json';

const remembered = z.object({ members: z.int().min(1) });

/** Remembers on disk how many members there were last, so that a start without the store divides limits by that. */
export class KnownMembers {
  readonly #path: string;
  readonly #logger: Logger;
  #isSaid = false;
  /** One write begins after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** `folder`: `cluster.state`. It is made with the first write. */
  constructor(folder: string, logger: Logger) {
    this.#path = join(folder, FILE);
    this.#logger = logger;
  }

  /** 1 where nothing is remembered, or nothing that can be read. */
  async read(): Promise<number> {
    try {
      return remembered.parse(JSON.parse(await readFile(this.#path, 'utf8'))).members;
    } catch {
      return 1;
    }
  }

  /** Never rejects. That it cannot be written is said once. */
  write(members: number): Promise<void> {
    this.#turn = this.#turn.then(() => this.#write(members));
    return this.#turn;
  }

  async #write(members: number): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const next = `${this.#path}.next`;
      await writeFile(next, `${JSON.stringify({ members })}\n`, { mode: 0o600 });
      await rename(next, this.#path);
    } catch (error) {
      if (!this.#isSaid)
        this.#logger.warn({ err: error }, 'cluster: the number of members cannot be written to its state folder');
      this.#isSaid = true;
    }
  }
}
