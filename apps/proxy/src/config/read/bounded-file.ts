import { type FileHandle, open, stat } from 'node:fs/promises';
import { decodeText } from '../text/decode-text.ts';

/** Bytes of the largest file: some hundred thousand networks. */
export const MAX_FILE = 8 * 1024 * 1024;

/** A file cannot be used as it is. The message begins with its name. */
export class FileProblem extends Error {
  /** Whether the file could not be read at all. */
  readonly unread: boolean;

  constructor(message: string, unread = false) {
    super(message);
    this.unread = unread;
  }
}

/** A version of a file. */
export interface FileText {
  readonly text: string;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** Reads a file that is not too large; `name` is its name in messages. Throws a {@link FileProblem}. */
export async function readBounded(path: string, name: string): Promise<FileText> {
  let handle: FileHandle | undefined;
  try {
    // Before it is opened, because opening a pipe would wait for a writer.
    const stamp = await stampOf(path);
    handle = await open(path);
    const { size } = await handle.stat();
    if (size > MAX_FILE) {
      throw new FileProblem(`${name}: the file has ${size} bytes; the largest that is read has ${MAX_FILE}.`);
    }
    return { text: await readBytes(handle, size), stamp };
  } catch (error) {
    if (error instanceof FileProblem) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileProblem(`${name}: the file cannot be read: ${reason}.`, true);
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
