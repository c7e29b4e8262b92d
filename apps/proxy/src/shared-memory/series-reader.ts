import { fstatSync, readSync } from 'node:fs';
import type { SegmentSource } from './memory.ts';
import { FORMAT, HEADER, HEADER_LENGTH, SEGMENT_LENGTH } from './series-format.ts';
import { entriesIn } from './series-entries.ts';

/** One series as it was read. */
export interface Series {
  readonly name: string;
  readonly labels: readonly string[];
  /** Valid until the next `read`. */
  readonly values: Float64Array;
}

/** What one process has written. */
export interface Segment {
  /** `supervisor`, or the number of the worker; 0 of a process without workers. */
  readonly worker: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** 0 if it has ended in an orderly way, so that there need be no other in its place. */
  readonly sampledAt: number;
  /** Series that found no room. */
  readonly lost: number;
  readonly series: readonly Series[];
}

const SUPERVISOR = 'supervisor';

/** Reads the segments of all processes from memory. None of them takes part in it, so one that hangs or is dead does not matter. */
export class SeriesReader {
  readonly #readers: () => readonly SegmentReader[];

  constructor(source: SegmentSource) {
    if (source.kind === 'own') {
      const only = [new SegmentReader('0', new SharedBytes(source.buffer))];
      this.#readers = () => only;
    } else this.#readers = readersOf(source.descriptor);
  }

  /** The segments that have been written, in the order of their processes. */
  read(): Segment[] {
    const segments: Segment[] = [];
    for (const reader of this.#readers()) {
      const segment = reader.read();
      if (segment !== undefined) segments.push(segment);
      // Workers are numbered from 1 on without gaps.
      else if (reader.worker !== SUPERVISOR) break;
    }
    return segments;
  }
}

function readersOf(descriptor: number): () => readonly SegmentReader[] {
  const readers: SegmentReader[] = [];
  return () => {
    const count = Math.floor(fstatSync(descriptor).size / SEGMENT_LENGTH);
    for (let index = readers.length; index < count; index += 1) {
      readers.push(new SegmentReader(index === 0 ? SUPERVISOR : String(index), new FileBytes(descriptor, index)));
    }
    return readers;
  };
}

/** The bytes of a segment from its beginning. */
interface SegmentBytes {
  /** Bytes in use; 0 where nobody has written. */
  used(): number;
  /** The first `length` bytes as they are now. */
  take(length: number): Uint8Array;
}

class SharedBytes implements SegmentBytes {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
  }

  used(): number {
    return this.#words[HEADER.format] === FORMAT ? (this.#words[HEADER.used] ?? 0) : 0;
  }

  take(length: number): Uint8Array {
    return this.#bytes.slice(0, length);
  }
}

/** Reads from the file, which is the same memory as the mapping of whoever writes it. */
class FileBytes implements SegmentBytes {
  readonly #descriptor: number;
  readonly #start: number;
  readonly #header = new Uint32Array(2);
  #bytes = new Uint8Array(0);

  constructor(descriptor: number, index: number) {
    this.#descriptor = descriptor;
    this.#start = index * SEGMENT_LENGTH;
  }

  used(): number {
    readSync(this.#descriptor, this.#header, 0, 8, this.#start);
    return this.#header[HEADER.format] === FORMAT ? (this.#header[HEADER.used] ?? 0) : 0;
  }

  take(length: number): Uint8Array {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    readSync(this.#descriptor, this.#bytes, 0, length, this.#start);
    return this.#bytes;
  }
}

interface Directory {
  readonly name: string;
  readonly labels: readonly string[];
  readonly first: number;
  readonly count: number;
}

class SegmentReader {
  readonly worker: string;
  readonly #bytes: SegmentBytes;
  /** The entries that have been read so far. They do not change, only their values do. */
  readonly #directory: Directory[] = [];
  #known = HEADER_LENGTH;

  constructor(worker: string, bytes: SegmentBytes) {
    this.worker = worker;
    this.#bytes = bytes;
  }

  read(): Segment | undefined {
    const used = this.#bytes.used();
    if (used < HEADER_LENGTH) return undefined;
    const bytes = this.#bytes.take(used);
    this.#learn(bytes, used);
    const values = new Float64Array(bytes.buffer, bytes.byteOffset, used / 8);
    return {
      worker: this.worker,
      pid: values[HEADER.pid] ?? 0,
      startedAt: values[HEADER.startedAt] ?? 0,
      sampledAt: values[HEADER.sampledAt] ?? 0,
      lost: values[HEADER.lost] ?? 0,
      series: this.#directory.map(({ name, labels, first, count }) => ({
        name,
        labels,
        values: values.subarray(first, first + count),
      })),
    };
  }

  #learn(bytes: Uint8Array, used: number): void {
    if (used <= this.#known) return;
    for (const { key, first, count } of entriesIn(bytes, this.#known, used)) {
      const [name = '', ...labels] = parseKey(key);
      this.#directory.push({ name, labels, first, count });
    }
    this.#known = used;
  }
}

function parseKey(key: string): string[] {
  const parsed: unknown = JSON.parse(key);
  return Array.isArray(parsed) ? parsed.map(String) : [];
}
