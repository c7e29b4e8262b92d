import { mapSharedMemory } from '@inband/core';
import { readSync, writeSync } from 'node:fs';
import { HEADER, HEADER_LENGTH, SEGMENT_LENGTH } from './series-format.ts';

/** Where a process writes its segment. */
export interface SegmentMemory {
  /** {@link SEGMENT_LENGTH} bytes. Zeros, or what the process before has written. */
  readonly buffer: ArrayBufferLike;
  /** Makes sure that the bytes from `from` to `to` can be written. False when there is no memory left. */
  reserve(from: number, to: number): boolean;
  /** Makes what was written visible to others. Does nothing where it is visible at once. */
  publish(): void;
}

/** Where segments are read. It can be passed to a thread. */
export type SegmentSource =
  | { readonly kind: 'own'; readonly buffer: SharedArrayBuffer }
  /** A file of segments: the one at index 0 is the supervisor's, the others are those of the workers by their numbers. */
  | { readonly kind: 'file'; readonly descriptor: number };

/** Of a process without workers. */
export function ownMemory(buffer: SharedArrayBuffer): SegmentMemory {
  return { buffer, reserve: () => true, publish: () => undefined };
}

/** One of several processes: the segment at `index` of an open file. */
export function sharedMemory(descriptor: number, index: number): SegmentMemory {
  const start = index * SEGMENT_LENGTH;
  const buffer = mapSharedMemory(descriptor, start, SEGMENT_LENGTH);
  if (buffer === undefined) return writtenMemory(descriptor, index);
  // Written by a call first, because that fails where the file system is full, and a store into the mapping would end the process.
  return { buffer, reserve: (from, to) => writeZeros(descriptor, start + from, to - from), publish: () => undefined };
}

/** The same without a mapping: what it counts is visible from `publish` on, and a process that is killed loses the rest. */
export function writtenMemory(descriptor: number, index: number): SegmentMemory {
  const start = index * SEGMENT_LENGTH;
  const bytes = Buffer.alloc(SEGMENT_LENGTH);
  const words = new Uint32Array(bytes.buffer);
  readSync(descriptor, bytes, 0, HEADER_LENGTH, start);
  readSync(descriptor, bytes, 0, usedIn(words), start);
  return {
    buffer: bytes.buffer,
    reserve: (from, to) => writeZeros(descriptor, start + from, to - from),
    publish: () => void writeSync(descriptor, bytes, 0, usedIn(words), start),
  };
}

function usedIn(words: Uint32Array): number {
  return Math.min(SEGMENT_LENGTH, words[HEADER.used] ?? 0);
}

function writeZeros(descriptor: number, at: number, length: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(length), 0, length, at) === length;
  } catch {
    return false;
  }
}
