import { definePlugin, type DiscoveredServer, type DiscoveryDeps, type ServerDiscovery } from '@inband/core';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { FileProblem, stampOf } from '../read/bounded-file.ts';
import type { ServerFile } from './server-file.ts';

/** Milliseconds between two checks of a file. */
const LOOK = 1_000;

export const fileDiscoveryOptions = z.strictObject({ file: z.string().min(1) });

/**
 * Finds servers in a file, and follows it. A new version is used when it is unchanged at two checks in a row, so that a half-written file is
 * not. While a file is wrong or missing, the servers stay as they are.
 */
export class FileDiscovery implements ServerDiscovery {
  readonly #name: string;
  readonly #path: string;
  readonly #logger: DiscoveryDeps['logger'];
  readonly #interval: number;

  constructor(name: string, { baseDirectory, logger }: DiscoveryDeps, interval = LOOK) {
    this.#name = name;
    this.#path = resolve(baseDirectory, name);
    this.#logger = logger;
    this.#interval = interval;
  }

  async *servers(signal: AbortSignal): AsyncGenerator<readonly DiscoveredServer[]> {
    // Loaded here, because it needs the parser of YAML.
    const { readServerFile } = await import('./server-file.ts');
    const read = (): Promise<ServerFile> => readServerFile(this.#path, this.#name);
    const first = await read();
    yield first.servers;
    let used = first.stamp;
    let seen = used;
    let said: string | undefined;
    for (;;) {
      await pause(this.#interval, undefined, { signal, ref: false });
      const stamp = await stampOf(this.#path).catch(() => 'none');
      const isSettled = stamp === seen;
      seen = stamp;
      if (!isSettled || stamp === used) continue;
      const found = await problemOr(read);
      if (found instanceof FileProblem) {
        // One that could not be read may become readable without a change.
        used = found.unread ? UNREAD : stamp;
        if (found.message !== said) this.#refused(found);
        said = found.message;
        continue;
      }
      used = found.stamp;
      said = undefined;
      this.#logger.info({ file: this.#name, servers: found.servers.length }, 'a file of servers was read again');
      yield found.servers;
    }
  }

  #refused({ message }: FileProblem): void {
    this.#logger.warn({ file: this.#name, why: message }, 'a file of servers cannot be used; they stay as they were');
  }
}

/** What `read` gives, or what is wrong with the file. */
async function problemOr(read: () => Promise<ServerFile>): Promise<ServerFile | FileProblem> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FileProblem) return error;
    throw error;
  }
}

/** The stamp of a file that could not be read. */
const UNREAD = 'unread';

/** `{ file: servers.txt }` as an entry of the servers of a pool. */
export const fileDiscoveryPlugin = definePlugin<z.output<typeof fileDiscoveryOptions>>({
  provides: 'discovery',
  kind: 'file',
  schema: fileDiscoveryOptions,
  create: ({ file }, deps) => new FileDiscovery(file, deps),
});
