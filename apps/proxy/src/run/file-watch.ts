import type { Logger } from '@inband/core';
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { STDIN } from '../config/read/config-files.ts';
import type { ConfigSource } from '../config/read/read-source.ts';

/** Milliseconds between two looks at the files. They are settled when both find the same, because editors write in several steps. */
const SETTLED = 200;

type Watched = Pick<ConfigSource, 'file' | 'files'>;

/**
 * Watches the files and folders of a configuration, and calls `onChange` when their content is another one. It watches the folders
 * of files, because editors and deployment tools replace a file by renaming another one, and a watch on the file itself would stay
 * with the old one.
 */
export class FileWatch {
  readonly #logger: Logger;
  readonly #onChange: () => void;
  #watchers: readonly FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  #files: readonly string[] = [];
  #folders: readonly string[] = [];
  /** The hash of the content that was told last. */
  #content: string | undefined = undefined;
  /** The hash at the last look. */
  #seen: string | undefined = undefined;

  constructor(logger: Logger, onChange: () => void) {
    this.#logger = logger;
    this.#onChange = onChange;
  }

  /** Watches what a configuration was read from, if `isOn`. Without files (the default, standard input) there is nothing to watch. */
  set(isOn: boolean, { file, files }: Watched): void {
    if (!isOn) return this.stop();
    const read = files === undefined ? [file] : Object.keys(files.texts);
    const paths = read.filter((path) => path !== undefined && path !== STDIN).map((path) => resolve(path ?? ''));
    const folders = Object.entries(files?.folders ?? {}).filter(([, names]) => names !== null);
    const isSame = this.#watchers.length > 0 && paths.join('\n') === this.#files.join('\n');
    this.#files = paths;
    this.#folders = folders.map(([path]) => resolve(path));
    if (!isSame) this.#start();
  }

  #start(): void {
    this.stop();
    // Events of a symbolic link that leads elsewhere carry other names (Kubernetes renames `..data`), so names are not compared.
    const watched = new Set([...this.#files.map((path) => dirname(path)), ...this.#folders]);
    try {
      this.#watchers = [...watched].map((folder) => watch(folder, { persistent: false }, () => this.#wait()));
    } catch (error) {
      return this.#fail(error);
    }
    for (const watcher of this.#watchers) watcher.on('error', (error) => this.#fail(error));
    void this.#look().then((content) => (this.#content = content));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #fail(error: unknown): void {
    this.stop();
    this.#logger.warn({ err: error }, 'the configuration file cannot be watched; it is read again on SIGHUP');
  }

  /** One timer at a time, so that a folder in which much happens does not delay it. */
  #wait(): void {
    this.#timer ??= setTimeout(() => void this.#compare(), SETTLED).unref();
  }

  async #compare(): Promise<void> {
    const content = await this.#look();
    this.#timer = undefined;
    // Between two steps of an editor there may be no file. The step that makes it again is an event.
    if (this.#watchers.length === 0 || content === undefined || content === this.#content) return;
    const isSettled = content === this.#seen;
    this.#seen = content;
    if (!isSettled) return this.#wait();
    this.#content = content;
    this.#onChange();
  }

  /** A hash of everything; undefined while something cannot be read. */
  async #look(): Promise<string | undefined> {
    const hash = createHash('sha256');
    try {
      for (const path of this.#files) hash.update(`${path}\n`).update(await readFile(path));
      for (const path of this.#folders) hash.update((await readdir(path)).toSorted().join('\n'));
    } catch {
      return undefined;
    }
    return hash.digest('hex');
  }
}
