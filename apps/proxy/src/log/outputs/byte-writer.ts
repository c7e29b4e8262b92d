import { write } from 'node:fs';
import { writeBeforeExit } from './final-write.ts';

/** Told how many bytes were taken, and what kept the others back. */
export type WrittenListener = (error: NodeJS.ErrnoException | null, written: number) => void;

/** Where a {@link ByteOutput} writes to. */
export interface ByteWriter {
  /** Begins to write. Calls `onWritten` once, after it has returned; until then nothing else is written. */
  write(bytes: Buffer, onWritten: WrittenListener): void;
  /** Writes before it returns, and waits at most `limit` milliseconds. Returns false when a thread is blocked afterwards. */
  writeLast(bytes: Buffer, limit: number): boolean;
}

/** Writes to a file descriptor, in a thread. */
export function descriptorWriter(descriptor: number): ByteWriter {
  return {
    write: (bytes, onWritten) => write(descriptor, bytes, 0, bytes.length, null, onWritten),
    writeLast: (bytes, limit) => writeBeforeExit(descriptor, bytes, limit),
  };
}
