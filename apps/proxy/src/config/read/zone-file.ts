import { type NetworkList, type NetworkProblem, readNetworks, runInIterations } from '@inband/core';
import { decodeText } from '../text/decode-text.ts';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Bytes of the largest file: some hundred thousand networks. */
export const MAX_FILE = 8 * 1024 * 1024;

/** A version of a file of networks. */
export interface ZoneFile {
  readonly networks: NetworkList;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** A file of networks cannot be used as it is. */
export class ZoneFileError extends Error {
  /** One sentence each, with the place in the file where there is one. */
  readonly problems: readonly string[];
  /** Whether the file could not be read at all. */
  readonly unread: boolean;

  constructor(problems: readonly string[], unread = false) {
    super(problems.join('\n'));
    this.problems = problems;
    this.unread = unread;
  }
}

/** Reads a file of networks; `name` is its name in messages. Throws a {@link ZoneFileError}. */
export async function readZoneFile(path: string, name: string): Promise<ZoneFile> {
  const { text, stamp } = await readBounded(path, name);
  const { networks, problems, problemCount } = await runInIterations(readNetworks(text));
  if (problemCount > 0) throw new ZoneFileError(wordingOf(name, problems, problemCount));
  return { networks, stamp };
}

function wordingOf(name: string, problems: readonly NetworkProblem[], count: number): string[] {
  const lines = problems.map(({ line, message }) => `${name}:${line}: ${message}`);
  return count > lines.length ? [...lines, `${name}: ${count - lines.length} further lines are wrong.`] : lines;
}

async function readBounded(path: string, name: string): Promise<{ text: string; stamp: string }> {
  let handle: FileHandle | undefined;
  try {
    // Before it is opened, because opening a pipe would wait for a writer.
    const stamp = await stampOf(path);
    handle = await open(path);
    const { size } = await handle.stat();
    if (size > MAX_FILE) {
      throw new ZoneFileError([`${name}: the file has ${size} bytes; the largest that is read has ${MAX_FILE}.`]);
    }
    return { text: await readBytes(handle, size), stamp };
  } catch (error) {
    if (error instanceof ZoneFileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ZoneFileError([`${name}: the file cannot be read: ${reason}.`], true);
  } finally {
    await handle?.close();
  }
}

/** Bytes that are appended meanwhile change the stamp, so they are read next time. */
async function readBytes(handle: FileHandle, size: number): Promise<string> {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return decodeText(bytes.subarray(0, length));
}

/** The stamp of the current version of a file. Rejects if there is no such file. */
export async function stampOf(path: string): Promise<string> {
  const status = await stat(path, { bigint: true });
  if (!status.isFile()) throw new Error('it is not a regular file');
  // ctime changes also with permissions, and with a new file that has the mtime of the old one.
  return `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
}
