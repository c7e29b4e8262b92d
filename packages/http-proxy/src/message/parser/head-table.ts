import { copyWords, FEW_BYTES } from '@inband/core';
import { fieldId, treatmentOf, TREAT_SHIFT } from '../field-names.ts';
import { isLikeDash, LOWER } from '../bytes.ts';
import { wordsOf } from '../words.ts';

/** Numbers kept per field, in `Head.fields`. Positions count from the start of the head. */
export const SLOTS = 6;
export const NAME_START = 0;
export const NAME_END = 1;
export const VALUE_START = 2;
export const VALUE_END = 3;
/** After the line's CRLF. */
export const LINE_END = 4;
/** Id of the name (low byte, see `field-names.ts`), its treatment flags, and DROPPED. */
export const MARKS = 5;

/** The field does not go to the other side. */
export const DROPPED = 1 << 24;

export function idOfMarks(marks: number): number {
  return marks & 0xff;
}

export function treatOfMarks(marks: number): number {
  return (marks >> TREAT_SHIFT) & 0xffff;
}

/** Fields that there is room for from the beginning, and that a parser keeps room for. */
const FIRST_FIELDS = 32;
const USUAL_FIELDS = 128;

const NO_BYTES = Buffer.alloc(0);

/** A head as positions in the memory in which its bytes lie: a table with a row for each field. `HeadParser` fills it. */
export abstract class HeadTable {
  buffer: Buffer = NO_BYTES;
  /** Where the head begins in `buffer`. */
  base = 0;
  /** Bytes of the head, its final CRLF included. While it is incomplete, bytes that were read so far. */
  length = 0;
  /** The start line without its CRLF. */
  lineStart = 0;
  lineEnd = 0;
  fieldCount = 0;
  fields = new Int32Array(FIRST_FIELDS * SLOTS);
  /** Fields that `fields` has room for. */
  room = FIRST_FIELDS;

  /** For the next head. */
  protected clear(): void {
    this.length = 0;
    this.lineStart = 0;
    this.lineEnd = 0;
    this.fieldCount = 0;
  }

  /** Doubles the table. The larger one is kept. */
  protected enlarge(): void {
    const larger = new Int32Array(this.fields.length * 2);
    larger.set(this.fields);
    this.fields = larger;
    this.room *= 2;
  }

  /** The value of field `index` as text, byte by byte (never decoded as Unicode). */
  value(index: number): string {
    const slot = index * SLOTS;
    return this.buffer.toString(
      'latin1',
      this.base + this.fields[slot + VALUE_START]!,
      this.base + this.fields[slot + VALUE_END]!,
    );
  }

  name(index: number): string {
    const slot = index * SLOTS;
    return this.buffer.toString(
      'latin1',
      this.base + this.fields[slot + NAME_START]!,
      this.base + this.fields[slot + NAME_END]!,
    );
  }

  /** Whether field `index` has this name, which is given in lower case. */
  isNamed(index: number, lower: string): boolean {
    const slot = index * SLOTS;
    const start = this.fields[slot + NAME_START]!;
    if (this.fields[slot + NAME_END]! - start !== lower.length) return false;
    for (let at = 0; at < lower.length; at += 1) {
      if (LOWER[this.buffer[this.base + start + at]!] !== lower.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Whether servers that cannot tell "_" and the like from "-" take field `index` for one with this name: {@link LOOKALIKE}. */
  isNamedLike(index: number, lower: string): boolean {
    const slot = index * SLOTS;
    const start = this.fields[slot + NAME_START]!;
    if (this.fields[slot + NAME_END]! - start !== lower.length) return false;
    for (let at = 0; at < lower.length; at += 1) {
      const byte = LOWER[this.buffer[this.base + start + at]!]!;
      const wanted = lower.charCodeAt(at);
      if (byte !== wanted && !(isLikeDash(byte) && isLikeDash(wanted))) return false;
    }
    return true;
  }

  /** Where the value of field `index` begins in `buffer`. Not a pair with the end, which would be an object and an iterator for each. */
  valueStart(index: number): number {
    return this.base + this.fields[index * SLOTS + VALUE_START]!;
  }

  valueEnd(index: number): number {
    return this.base + this.fields[index * SLOTS + VALUE_END]!;
  }

  /** How a field with the name in `buffer[start..end)` is treated. */
  treatOfName(start: number, end: number): number {
    return treatmentOf(fieldId(this.buffer, start, end));
  }

  /** Gives field `index` another value, which is not longer than its own. */
  shorten(index: number, value: string): void {
    const slot = index * SLOTS;
    const start = this.fields[slot + VALUE_START]!;
    this.fields[slot + VALUE_END] = start + this.buffer.write(value, this.base + start, 'latin1');
  }

  drop(index: number): void {
    this.fields[index * SLOTS + MARKS]! |= DROPPED;
  }

  dropAll(id: number): void {
    const end = this.fieldCount * SLOTS;
    for (let slot = MARKS; slot < end; slot += SLOTS)
      if ((this.fields[slot]! & 0xff) === id) this.fields[slot]! |= DROPPED;
  }

  /** Has all fields with this id pass to the other side, whatever is usual. */
  pass(id: number): void {
    const end = this.fieldCount * SLOTS;
    for (let slot = MARKS; slot < end; slot += SLOTS) if ((this.fields[slot]! & 0xff) === id) this.fields[slot] = id;
  }

  /** First field with this id, or -1. */
  indexOf(id: number): number {
    const end = this.fieldCount * SLOTS;
    for (let slot = MARKS; slot < end; slot += SLOTS)
      if ((this.fields[slot]! & 0xff) === id) return (slot - MARKS) / SLOTS;
    return -1;
  }

  /** The values of all fields with this id. */
  valuesOf(id: number): string[] {
    const values: string[] = [];
    for (let index = 0; index < this.fieldCount; index += 1) {
      if ((this.fields[index * SLOTS + MARKS]! & 0xff) === id) values.push(this.value(index));
    }
    return values;
  }

  /** Puts bytes behind the head, in memory that it then lies in, too. Returns their position, from the start of the head. */
  append(bytes: Uint8Array): number {
    const position = this.length;
    this.moved(Buffer.concat([this.buffer.subarray(this.base, this.base + position), bytes]));
    this.length += bytes.length;
    return position;
  }

  /** Moves the head into memory of its own, so that it outlives the buffer it was read from. `words`: the same memory. */
  detach(into: Buffer, words: DataView): void {
    const { buffer, base, length } = this;
    if (length > FEW_BYTES) buffer.copy(into, 0, base, base + length);
    else copyWords(words, 0, wordsOf(buffer), base, length);
    this.moved(into);
  }

  /** Releases the memory that the last head lay in, and tables that few heads need. */
  release(): void {
    this.buffer = NO_BYTES;
    this.base = 0;
    if (this.room <= USUAL_FIELDS) return;
    this.fields = new Int32Array(FIRST_FIELDS * SLOTS);
    this.room = FIRST_FIELDS;
  }

  /** The head lies at the beginning of `buffer` from now on. */
  moved(buffer: Buffer): void {
    this.buffer = buffer;
    this.base = 0;
  }
}
