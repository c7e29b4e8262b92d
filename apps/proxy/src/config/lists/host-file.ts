import { type HostSet, type HostText, HostTextReader, runInIterations } from '@inband/core';
import { type FileHandle, open } from 'node:fs/promises';
import { stampOf } from '../read/bounded-file.ts';
import { ListFileError, wrongLines } from './list-file-error.ts';

/** A version of a file of hosts. */
export interface HostFile {
  readonly hosts: HostSet;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** Bytes of the largest file: some three million hosts. */
const MAX_FILE = 64 * 1024 * 1024;

/** Bytes that are read in one event-loop iteration: some three thousand hosts. */
const PIECE = 64 * 1024;

/** Reads a file of hosts; `name` is its name in messages. Throws a {@link ListFileError}. */
export async function readHostFile(path: string, name: string): Promise<HostFile> {
  let handle: FileHandle | undefined;
  try {
    // Before it is opened, because opening a pipe would wait for a writer.
    const stamp = await stampOf(path);
    handle = await open(path);
    const { size } = await handle.stat();
    if (size > MAX_FILE) {
      throw new ListFileError([`${name}: the file has ${size} bytes; the largest that is read has ${MAX_FILE}.`]);
    }
    const { hosts, problems, problemCount } = await readPieces(handle, size);
    if (problemCount > 0) throw wrongLines(name, problems, problemCount);
    return { hosts, stamp };
  } catch (error) {
    if (error instanceof ListFileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ListFileError([`${name}: the file cannot be read: ${reason}.`], true);
  } finally {
    await handle?.close();
  }
}

/** Bytes that are appended meanwhile change the stamp, so they are read next time. */
async function readPieces(handle: FileHandle, size: number): Promise<HostText> {
  const reader = new HostTextReader(size);
  const piece = Buffer.alloc(PIECE);
  for (let position = 0; position < size;) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(PIECE, size - position), position);
    if (bytesRead === 0) break;
    reader.read(piece.subarray(0, bytesRead));
    position += bytesRead;
  }
  return runInIterations(reader.end());
}
