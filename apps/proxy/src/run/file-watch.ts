import type { Logger } from '@inband/core';
import { hash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigFiles, type FilesRead, STDIN } from '../config/read/config-files.ts';
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
  /** The folders that are watched. */
  #places = '';
  #timer: NodeJS.Timeout | undefined = undefined;
  #watched: Watched = {};
  /** The hash of the content that is in use, or was told last. */
  #content: string | undefined = undefined;
  /** The hash at the last look. */
  #seen: string | undefined = undefined;

  constructor(logger: Logger, onChange: () => void) {
    this.#logger = logger;
    this.#onChange = onChange;
  }

  /** Watches what a configuration was read from, if `isOn`. Without files (the default, standard input) there is nothing to watch. */
  set(isOn: boolean, watched: Watched): void {
    if (!isOn || watched.file === undefined || watched.file === STDIN) return this.stop();
    this.#watched = watched;
    const { file, files } = watched;
    const paths = files === undefined ? [file] : Object.keys(files.texts);
    const folders = Object.entries(files?.folders ?? {}).filter(([, names]) => names !== null);
    // Events of a symbolic link that leads elsewhere carry other names (Kubernetes renames `..data`), so names are not compared.
    const places = new Set([...paths.map((path) => dirname(resolve(path))), ...folders.map(([path]) => resolve(path))]);
    this.#start([...places]);
    if (files !== undefined) this.#content = hashOf(files);
    // What has changed since it was read has no event any more.
    if (this.#watchers.length > 0) this.#wait();
  }

  #start(places: readonly string[]): void {
    if (this.#watchers.length > 0 && places.join('\n') === this.#places) return;
    this.stop();
    this.#places = places.join('\n');
    try {
      this.#watchers = places.map((folder) => watch(folder, { persistent: false }, () => this.#wait()));
    } catch (error) {
      return this.#fail(error);
    }
    for (const watcher of this.#watchers) watcher.on('error', (error) => this.#fail(error));
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
    const content = await look(this.#watched);
    this.#timer = undefined;
    // Between two steps of an editor there may be no file. The step that makes it again is an event.
    if (this.#watchers.length === 0 || content === undefined) return;
    // The text of a module is not kept, so its first look counts.
    this.#content ??= content;
    if (content === this.#content) return;
    const isSettled = content === this.#seen;
    this.#seen = content;
    if (!isSettled) return this.#wait();
    this.#content = content;
    this.#onChange();
  }
}

/** A hash of everything; undefined while something cannot be read. */
async function look({ file, files }: Watched): Promise<string | undefined> {
  const again = new ConfigFiles();
  try {
    if (files === undefined) return hash('sha256', await readFile(file ?? ''));
    for (const path of Object.keys(files.folders)) await again.folder(path);
    for (const path of Object.keys(files.texts)) await again.text(path);
  } catch {
    return undefined;
  }
  return hashOf(again.read);
}

/** A hash of what was read. */
function hashOf({ texts, folders }: FilesRead): string {
  return hash('sha256', JSON.stringify([texts, folders]));
}
