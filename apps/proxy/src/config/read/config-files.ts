import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { decodeText } from '../text/decode-text.ts';
import type { MergePatch } from './merge-patch.ts';

/** The name of standard input on the command line. */
export const STDIN = '-';
/** Bytes that are read from standard input. */
const MAX_STDIN = 8 * 1024 * 1024;

/** What was read: the content of files by their paths, and the names in folders. Null for a path that is no folder. */
export interface FilesRead {
  readonly texts: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, readonly string[] | null>>;
  /** What was pushed for all members of a cluster. Of the texts only what is each member's own counts then. */
  readonly pushed?: PushedFiles;
  /** Changes by the admin API, which are applied to what was read. */
  readonly patches?: readonly MergePatch[];
}

/** A configuration for all members of a cluster. Its paths are relative to the folder of each member's own configuration. */
export interface PushedFiles {
  /** As messages call it: "version 17". */
  readonly name: string;
  /** The files that are read, in this order. What they include follows from them. */
  readonly main: readonly string[];
  readonly texts: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, readonly string[]>>;
}

/**
 * The texts and folders of one configuration. Everything is read once and kept, so that a worker that starts later reads what the
 * others have read: `known` is that.
 */
export class ConfigFiles {
  readonly #texts: Map<string, string>;
  readonly #folders: Map<string, readonly string[] | null>;
  readonly #isWhole: boolean;

  /** `isWhole`: nothing is read that is not known. */
  constructor(known: FilesRead = { texts: {}, folders: {} }, { isWhole = false } = {}) {
    this.#texts = new Map(Object.entries(known.texts));
    this.#folders = new Map(Object.entries(known.folders));
    this.#isWhole = isWhole;
  }

  /** Rejects if the file cannot be read, or is not in UTF-8. */
  async text(path: string): Promise<string> {
    const known = this.#texts.get(path);
    if (known === undefined && this.#isWhole) throw new Error('it was not pushed');
    const text = known ?? decodeText(await (path === STDIN ? readStdin() : readFile(path)));
    this.#texts.set(path, text);
    return text;
  }

  /** The YAML and JSON files in a folder, sorted by name; undefined if the path is no folder, or nothing. */
  async folder(path: string): Promise<readonly string[] | undefined> {
    let names = this.#folders.get(path);
    if (names === undefined && !this.#isWhole) {
      names = (await isFolder(path)) ? await textsIn(path) : null;
      this.#folders.set(path, names);
    }
    return names ?? undefined;
  }

  /** All that was read up to now. */
  get read(): FilesRead {
    return { texts: Object.fromEntries(this.#texts), folders: Object.fromEntries(this.#folders) };
  }
}

async function isFolder(path: string): Promise<boolean> {
  return path !== STDIN && (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

async function textsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => !name.startsWith('.') && languageOf(name) !== undefined)
    .toSorted()
    .map((name) => join(folder, name));
}

/** Standard input may hold either, and JSON is valid YAML. */
export function languageOf(file: string): 'yaml' | 'json' | undefined {
  if (file === STDIN) return 'yaml';
  const ending = extname(file).toLowerCase();
  if (ending === '.json') return 'json';
  return ending === '.yaml' || ending === '.yml' ? 'yaml' : undefined;
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_STDIN) throw new Error(`standard input has more than ${MAX_STDIN} bytes`);
  }
  return Buffer.concat(chunks);
}
