import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@inband/core';
import { StateFile } from './state-file.ts';
import { readRevoked } from '../revoked/read-revoked.ts';
import { MOST_REVOKED_BYTES, type Revoked } from '../revoked/revoked.ts';

const FILE = 'revoked.json';

/** Remembers on disk which tokens are revoked, so that a start without the store refuses them. */
export class RevokedOnDisk {
  readonly #file: StateFile;
  readonly #logger: Logger;

  /** `folder`: `cluster.state`. */
  constructor(folder: string, logger: Logger) {
    const failed = 'cluster: revoked tokens cannot be written to its state folder';
    this.#file = new StateFile(join(folder, FILE), logger, failed);
    this.#logger = logger;
  }

  /** Empty where nothing is remembered. Never rejects. */
  async read(): Promise<readonly Revoked[]> {
    const { path: file } = this.#file;
    try {
      const { size } = await stat(file);
      const all = size > MOST_REVOKED_BYTES + 2 ? undefined : readRevoked(await readFile(file, 'utf8'));
      if (all !== undefined) return all;
      this.#logger.error({ file }, 'cluster: the revoked tokens in its state folder cannot be read');
    } catch (error) {
      const isNone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isNone)
        this.#logger.error({ file, err: error }, 'cluster: the revoked tokens in its state folder cannot be read');
    }
    return [];
  }

  /** Never rejects. */
  write(all: readonly Revoked[]): Promise<void> {
    return this.#file.write(JSON.stringify(all));
  }
}
