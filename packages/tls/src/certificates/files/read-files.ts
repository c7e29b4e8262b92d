import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { CertificateError } from '../certificate-error.ts';

/** Bytes of the largest file: lists of all public authorities have 250 KiB, and lists of revoked certificates may be large. */
const LARGEST = 8 * 1024 * 1024;

/** Opening a pipe must not wait for a writer. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/** A file as it was read. */
export interface FileRead {
  readonly text: string;
  /** Whether others than its owner and its group may read or write it. */
  readonly isOpenToAll: boolean;
  /** See {@link stampOf}. */
  readonly stamp: string;
}

/** Reads a file of PEM; `name` is its name in messages. Throws a {@link CertificateError}. */
export async function readPemFile(path: string, name: string): Promise<FileRead> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, FLAGS);
    const status = await handle.stat({ bigint: true });
    const stamp = stampIn(status);
    const size = Number(status.size);
    if (size > LARGEST) {
      throw new CertificateError(name, `the file has ${size} bytes; the largest that is read has ${LARGEST}`);
    }
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.allocUnsafe(size + 1) });
    // PEM is ASCII. What else a file holds must not fail before it can be said what it is.
    const text = buffer.toString('latin1', 0, bytesRead);
    return { text, isOpenToAll: (Number(status.mode) & 0o007) !== 0, stamp };
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    throw new CertificateError(
      name,
      `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await handle?.close();
  }
}

/** Changes when a file is written or replaced, through symbolic links. Rejects if there is no such file. */
export async function stampOf(path: string): Promise<string> {
  return stampIn(await stat(path, { bigint: true }));
}

function stampIn(status: BigIntStats): string {
  if (status.isDirectory()) throw new Error('it is a folder');
  if (!status.isFile()) throw new Error('it is not a regular file');
  // ctime changes also with permissions, and with a new file that has the mtime of the old one.
  return `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
}
