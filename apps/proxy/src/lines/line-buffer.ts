import { escapeUnsafe } from './values/escape-unsafe.ts';

/** The initial capacity in bytes. */
const CAPACITY = 64 * 1024 + 4096;
/** The longest text that is copied by a loop. Longer ones are copied by one native call, which is faster for them. */
const LONGEST_LOOP = 128;
const ZERO = 0x30;
const QUOTE = 0x22;
const POINT = 0x2e;

/** 1 for characters below 256 that need no escape in a JSON string and have one byte in UTF-8. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x7f);
PLAIN[QUOTE] = 0;
PLAIN[0x5c] = 0;
const TO_ESCAPE = /["\\]|[^\x20-\x7e]/;

/** Encodes a text that is written into many lines. */
export function bytesOf(text: string): Uint8Array {
  // A copy, because the result of `Buffer.from` would keep Node's shared pool alive.
  return new Uint8Array(Buffer.from(text));
}

/** `value` as JSON on one line, without characters that could deceive a terminal. */
export function jsonText(value: unknown): string {
  return escapeUnsafe(JSON.stringify(value));
}

/**
 * A growing buffer of log lines in UTF-8. Fields are encoded into it directly, which saves the strings in between.
 */
export class LineBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  /** The number of bytes. May be set to a lower value to drop the end. */
  length = 0;

  /** Returns the content, which the caller then owns, and empties the buffer. */
  take(): Buffer {
    const { length } = this;
    this.length = 0;
    const taken = this.#bytes.subarray(0, length);
    // A short content is copied, so that the buffer can be reused.
    if (length < CAPACITY / 4 && this.#bytes.length === CAPACITY) return Buffer.from(taken);
    this.#bytes = Buffer.allocUnsafeSlow(CAPACITY);
    return taken;
  }

  piece(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    const into = this.#bytes;
    if (bytes.length > LONGEST_LOOP) into.set(bytes, at);
    else for (let i = 0; i < bytes.length; i += 1) into[at + i] = bytes[i]!;
    this.length = at + bytes.length;
  }

  text(text: string): void {
    const at = this.#reserve(text.length * 3);
    this.length = at + this.#bytes.write(text, at);
  }

  /** Writes a text as a JSON string. */
  quoted(text: string): void {
    const { length } = text;
    if (length > LONGEST_LOOP || !this.#quotePlain(text)) {
      this.text(TO_ESCAPE.test(text) ? jsonText(text) : `"${text}"`);
    }
  }

  /** Writes a text that needs no escape. Returns false and writes nothing if it needs one. */
  #quotePlain(text: string): boolean {
    const { length } = text;
    let at = this.#reserve(length + 2);
    const into = this.#bytes;
    into[at++] = QUOTE;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (PLAIN[code] !== 1) return false;
      into[at++] = code;
    }
    into[at++] = QUOTE;
    this.length = at;
    return true;
  }

  /** Writes a whole number. */
  integer(value: number): void {
    if (!(value >= 0 && value < 2 ** 31)) return this.text(String(value));
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits += 1;
    const at = this.#reserve(digits);
    this.#digits(value | 0, at, at + digits);
    this.length = at + digits;
  }

  /** Writes a whole number, then `between`, then the number again. */
  integerTwice(value: number, between: Uint8Array): void {
    const start = this.length;
    this.integer(value);
    const digits = this.length - start;
    this.piece(between);
    const at = this.#reserve(digits);
    const into = this.#bytes;
    for (let i = 0; i < digits; i += 1) into[at + i] = into[start + i]!;
    this.length = at + digits;
  }

  /** Writes milliseconds with two decimals, because more digits are noise. */
  hundredths(duration: number): void {
    const rounded = Math.round(duration * 100);
    if (!(rounded >= 0 && rounded < 2 ** 31)) return this.text(String(rounded / 100));
    const rest = (rounded | 0) % 100;
    this.integer((rounded - rest) / 100);
    if (rest === 0) return;
    const at = this.#reserve(3);
    const into = this.#bytes;
    into[at] = POINT;
    into[at + 1] = ZERO + ((rest / 10) | 0);
    into[at + 2] = ZERO + (rest % 10);
    this.length = at + (rest % 10 === 0 ? 2 : 3);
  }

  #digits(value: number, start: number, end: number): void {
    const into = this.#bytes;
    let left = value;
    for (let at = end - 1; at >= start; at -= 1) {
      const tenth = (left / 10) | 0;
      into[at] = ZERO + left - tenth * 10;
      left = tenth;
    }
  }

  /** Makes room for `more` bytes. Returns the index to write them at. */
  #reserve(more: number): number {
    const { length } = this;
    if (length + more > this.#bytes.length) this.#grow(length + more);
    return length;
  }

  #grow(least: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(least, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}
