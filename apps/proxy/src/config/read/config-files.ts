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
  /** Changes by the admin API, which are applied to what was read. */
  readonly patches?: readonly MergePatch[];
}

/**
 * The texts and folders of one configuration. Everything is read once and kept, so that a worker that starts later reads what the
 * others have read: `known` is that.
 */
export class ConfigFiles {
  readonly #texts: Map<string, string>;
  readonly #folders: Map<string, readonly string[] | null>;

  constructor(known: FilesRead = { texts: {}, folders: {} }) {
    this.#texts = new Map(Object.entries(known.texts));
    this.#folders = new Map(Object.entries(known.folders));
  }

  /** Rejects if the file cannot be read, or is not in UTF-8. */
  async text(path: string): Promise<string> {
    const text = this.#texts.get(path) ?? decodeText(await (path === STDIN ? readStdin() : readFile(path)));
    this.#texts.set(path, text);
    return text;
  }

  /** The YAML and JSON files in a folder, sorted by name; undefined if the path is no folder, or nothing. */
  async folder(path: string): Promise<readonly string[] | undefined> {
    let names = this.#folders.get(path);
    if (names === undefined) {
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
