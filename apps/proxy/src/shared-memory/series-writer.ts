import type { SegmentMemory } from './memory.ts';
import {
  ENTRY_HEAD,
  FORMAT,
  HEADER,
  HEADER_LENGTH,
  padded,
  SCRATCH_VALUES,
  SEGMENT_LENGTH,
  seriesKey,
} from './series-format.ts';
import { entriesIn } from './series-entries.ts';

/** Memory is reserved in pieces of so many bytes. */
const CHUNK = 64 * 1024;

/**
 * Writes the series of one process. A series is a place in `values`, found once by its name and labels and then written by plain
 * stores, because that happens for each request. What a process before has written into the same segment goes on.
 */
export class SeriesWriter {
  /** All values. Read and written at the places that `place` has returned. */
  readonly values: Float64Array;
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #memory: SegmentMemory;
  readonly #places = new Map<string, number>();
  #reserved = 0;

  constructor(memory: SegmentMemory, { pid, startedAt }: { readonly pid: number; readonly startedAt: number }) {
    const { buffer } = memory;
    this.#memory = memory;
    this.values = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    const used = this.#words[HEADER.format] === FORMAT ? (this.#words[HEADER.used] ?? 0) : 0;
    if (used === 0) this.#begin();
    else this.#goOn(used);
    this.values[HEADER.pid] = pid;
    this.values[HEADER.startedAt] = startedAt;
    this.values[HEADER.sampledAt] = 0;
  }

  #begin(): void {
    if (!this.#reserve(HEADER_LENGTH)) throw new Error('There is no memory for metrics.');
    this.#words[HEADER.format] = FORMAT;
    this.#words[HEADER.used] = HEADER_LENGTH;
  }

  #goOn(used: number): void {
    this.#reserved = Math.ceil(used / CHUNK) * CHUNK;
    for (const { key, first } of entriesIn(this.bytes, HEADER_LENGTH, used)) this.#places.set(key, first);
  }

  /**
   * The index in `values` of the first of `count` values of a series: zeros, or what it had. Where there is no room for another
   * series, of values that nobody reads.
   */
  place(name: string, labels: readonly string[], count = 1): number {
    if (count > SCRATCH_VALUES) throw new RangeError(`A series has at most ${SCRATCH_VALUES} values.`);
    return this.table(name, labels, count) ?? HEADER.scratch;
  }

  /** The same of any length, and undefined where there is no room. */
  table(name: string, labels: readonly string[], count: number): number | undefined {
    const key = seriesKey(name, labels);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const made = this.#add(Buffer.from(key), count);
    if (made === undefined) this.values[HEADER.lost] = (this.values[HEADER.lost] ?? 0) + 1;
    else this.#places.set(key, made);
    return made;
  }

  #add(key: Buffer, count: number): number | undefined {
    const at = this.#words[HEADER.used] ?? 0;
    const first = at + ENTRY_HEAD + padded(key.length);
    const end = first + count * 8;
    if (end > SEGMENT_LENGTH || !this.#reserve(end)) return undefined;
    this.#words[at / 4] = key.length;
    this.#words[at / 4 + 1] = count;
    this.bytes.set(key, at + ENTRY_HEAD);
    // In this order, also where processors reorder stores: the entry is complete.
    Atomics.store(this.#words, HEADER.used, end);
    return first / 8;
  }

  #reserve(end: number): boolean {
    if (end <= this.#reserved) return true;
    const next = Math.min(SEGMENT_LENGTH, Math.ceil(end / CHUNK) * CHUNK);
    if (!this.#memory.reserve(this.#reserved, next)) return false;
    this.#reserved = next;
    return true;
  }

  /** Says that the gauges are those of now. */
  sampled(now: number): void {
    this.values[HEADER.sampledAt] = now;
    this.#memory.publish();
  }

  /** Says that this process ends as it should. */
  ended(): void {
    this.sampled(0);
  }
}
