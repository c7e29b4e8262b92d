import { ENTRY_HEAD, padded } from './series-format.ts';

/** One series in a segment. */
export interface SeriesEntry {
  readonly key: string;
  /** The place of its first value: an index of a Float64Array. */
  readonly first: number;
  readonly count: number;
}

/** The entries from `start` to `end` of a segment, which begin and end there. */
export function* entriesIn(bytes: Uint8Array, start: number, end: number): Generator<SeriesEntry> {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
  let at = start;
  while (at < end) {
    const length = words[at / 4] ?? 0;
    const count = words[at / 4 + 1] ?? 0;
    const first = at + ENTRY_HEAD + padded(length);
    // A copy, because what is shared between threads cannot be decoded in place.
    const key = Buffer.from(bytes.slice(at + ENTRY_HEAD, at + ENTRY_HEAD + length)).toString();
    yield { key, first: first / 8, count };
    at = first + count * 8;
  }
}
