import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@inband/core';
import * as z from 'zod';
import { StateFile } from './state-file.ts';

const FILE = 'members.json';

const remembered = z.object({ members: z.int().min(1) });

/** Remembers on disk how many members there were last, so that a start without the store divides limits by that. */
export class KnownMembers {
  readonly #file: StateFile;

  /** `folder`: `cluster.state`. */
  constructor(folder: string, logger: Logger) {
    const failed = 'cluster: the number of members cannot be written to its state folder';
    this.#file = new StateFile(join(folder, FILE), logger, failed);
  }

  /** 1 where nothing is remembered, or nothing that can be read. */
  async read(): Promise<number> {
    try {
      return remembered.parse(JSON.parse(await readFile(this.#file.path, 'utf8'))).members;
    } catch {
      return 1;
    }
  }

  /** Never rejects. */
  write(members: number): Promise<void> {
    return this.#file.write(`${JSON.stringify({ members })}\n`);
  }
}
