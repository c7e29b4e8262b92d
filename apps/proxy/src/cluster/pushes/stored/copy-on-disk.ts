import { replaceFile } from '@inband/files';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import { type Copy, parseCopy } from './records.ts';

/** Its file in the folder `cluster.state`. */
const NAME = 'config.json';
/** Bytes. Two contents, and what stands around them. */
const MOST = 4 * 1024 * 1024;

/** What was found on disk. */
export type FoundCopy =
  | { readonly kind: 'none' }
  | { readonly kind: 'copy'; readonly copy: Copy }
  | { readonly kind: 'broken'; readonly why: string };

/**
 * The last good copy of what was pushed, on the disk of a member. It is a line with a hash, and JSON. It holds what the configuration holds, so
 * only the account of the program may read it.
 */
export class CopyOnDisk {
  readonly file: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.file = join(folder, NAME);
  }

  /** Never rejects. */
  async read(): Promise<FoundCopy> {
    try {
      const { size } = await stat(this.file);
      if (size > MOST) return { kind: 'broken', why: `it has ${size} bytes` };
      const text = await readFile(this.file, 'utf8');
      const end = text.indexOf('\n');
      const [sum, json] = [text.slice(0, end), text.slice(end + 1)];
      if (sum !== hash('sha256', json)) return { kind: 'broken', why: 'it is not what was written' };
      const copy = parseCopy(json);
      return copy === undefined ? { kind: 'broken', why: 'it is not such a copy' } : { kind: 'copy', copy };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'none' };
      return { kind: 'broken', why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Nobody ever finds half of it: it is written beside the old one, which it then replaces. */
  async write(copy: Copy): Promise<void> {
    const json = JSON.stringify(copy);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await replaceFile(this.file, `${hash('sha256', json)}\n${json}`);
  }
}
