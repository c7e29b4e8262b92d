import { escapeUnsafe } from './escape-unsafe.ts';

/** Bytes that a buffer has room for at first. */
const ROOM = 64 * 1024 + 4096;
/** Longer texts are written by one call into the runtime, shorter ones in a loop, which costs less for them. */
const LONGEST_LOOP = 128;
const ZERO = 0x30;
const QUOTE = 0x22;
const POINT = 0x2e;

/** Characters below 256 that stand for themselves in a JSON string and are one byte in UTF-8. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x7f);
PLAIN[QUOTE] = 0;
PLAIN[0x5c] = 0;
const TO_ESCAPE = /["\\]|[^\x20-\x7e]/;

/** A text as bytes, to be put into lines again and again. */
export function bytesOf(text: string): Uint8Array {
  // Of its own memory: a slice of the runtime's pool would keep that.
  return new Uint8Array(Buffer.from(text));
}

/** `value` as JSON on one line, with nothing in it that a terminal would obey. */
export function jsonText(value: unknown): string {
  return escapeUnsafe(JSON.stringify(value));
}

/**
 * Log lines as bytes, one behind the other, ready to be written: no text has to be joined, made flat and turned into
 * UTF-8 for them. Grows as needed.
 */
export class LineBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(ROOM);
  /** Bytes that are in it. Set back, it forgets what came behind. */
  length = 0;

  /** Hands what is in it over to the caller, and is empty. */
  take(): Buffer {
    const { length } = this;
    this.length = 0;
    const taken = this.#bytes.subarray(0, length);
    // Little of it is copied, so that the room is not lost with it.
    if (length < ROOM / 4 && this.#bytes.length === ROOM) return Buffer.from(taken);
    this.#bytes = Buffer.allocUnsafeSlow(ROOM);
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

  /** A text as a JSON string. */
  quoted(text: string): void {
    const { length } = text;
    if (length > LONGEST_LOOP || !this.#quotePlain(text)) {
      this.text(TO_ESCAPE.test(text) ? jsonText(text) : `"${text}"`);
    }
  }

  /** Whether it could be written without an escape; otherwise nothing is. */
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

  /** A whole number. */
  integer(value: number): void {
    if (!(value >= 0 && value < 2 ** 31)) return this.text(String(value));
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits += 1;
    const at = this.#reserve(digits);
    this.#digits(value | 0, at, at + digits);
    this.length = at + digits;
  }

  /** Milliseconds to a hundredth: more is noise. */
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

  /** Makes room for `more` bytes; returns where they go. */
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
