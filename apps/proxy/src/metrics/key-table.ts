import type { SeriesWriter } from '../shared-memory/series-writer.ts';
import type { KeyCount } from './top-keys.ts';

/** Bytes of a key. The longest name of the DNS has 253. */
const KEY_BYTES = 256;
const ROW = 3 + KEY_BYTES / 8;

/** The values of one half with so many rows: their number, then of each the requests, the bytes of content, the key's length and text. */
function halfOf(rows: number): number {
  return 1 + rows * ROW;
}

/**
 * A table of keys in shared memory: two halves, and before them a value that says which of them is to be read. The other one is written
 * next, a second later, so a reader never sees a half that is being written.
 */
export class KeyTable {
  readonly rows: number;
  readonly #writer: SeriesWriter;
  readonly #first: number | undefined;

  constructor(writer: SeriesWriter, name: string, rows: number) {
    this.rows = rows;
    this.#writer = writer;
    this.#first = writer.table(name, [String(rows)], this.#length);
  }

  get #length(): number {
    return 1 + 2 * halfOf(this.rows);
  }

  write(counts: readonly KeyCount[]): void {
    const first = this.#first;
    if (first === undefined) return;
    const { values, bytes } = this.#writer;
    const half = values[first] === 0 ? 1 : 0;
    const shown = counts.slice(0, this.rows);
    let at = first + 1 + half * halfOf(this.rows);
    values[at] = shown.length;
    at += 1;
    for (const { key, requests, bytes: content } of shown) {
      const text = Buffer.from(key).subarray(0, KEY_BYTES);
      values[at] = requests;
      values[at + 1] = content;
      values[at + 2] = text.length;
      bytes.set(text, (at + 3) * 8);
      at += ROW;
    }
    values[first] = half;
  }

  /** What the process before has written. */
  read(): KeyCount[] {
    const first = this.#first;
    return first === undefined ? [] : rowsOf(this.#writer.values.subarray(first, first + this.#length));
  }
}

/** The rows of a table, from all its values. */
export function rowsOf(values: Float64Array): KeyCount[] {
  const half = (values.length - 1) / 2;
  const start = 1 + (values[0] ?? 0) * half;
  const rows: KeyCount[] = [];
  for (let at = start + 1; rows.length < (values[start] ?? 0); at += ROW) {
    const text = new Uint8Array(values.buffer, values.byteOffset + (at + 3) * 8, values[at + 2] ?? 0);
    // A copy, because what is shared between threads cannot be decoded in place.
    const key = Buffer.from(text.slice()).toString();
    rows.push({ key, requests: values[at] ?? 0, bytes: values[at + 1] ?? 0 });
  }
  return rows;
}
