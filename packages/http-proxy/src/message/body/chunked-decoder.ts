import { CR, FIELD_VALUE, HEX, HTAB, LF, SP, TOKEN } from '../bytes.ts';
import { Repair } from '../repairs.ts';

/**
 * Bytes of chunk extensions in one body, all together, because only attackers send many. With `tolerant` the limit is for one line,
 * because there are servers that pad every size.
 */
const MAX_EXTENSIONS = 16_384;
/** Significant digits of a chunk size. More are refused, because a chunk of 4 GiB is only sent to make a counter overflow. */
const MAX_SIZE_DIGITS = 8;
/** Digits in all, leading zeros included. */
const MAX_DIGITS = 16;

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const SIZE = 0;
const SIZE_LF = 1;
const DATA = 2;
const DATA_CR = 3;
const DATA_LF = 4;
const EXTENSION_NAME_FIRST = 5;
const EXTENSION_NAME = 6;
const EXTENSION_VALUE_FIRST = 7;
const EXTENSION_VALUE = 8;
const EXTENSION_QUOTED = 9;
const EXTENSION_QUOTED_PAIR = 10;
const EXTENSION_QUOTED_END = 11;
const LAST_CHUNK = 12;
/** Blanks behind a size, and whatever else stands where an extension may: only where `tolerant`. */
const SIZE_BLANK = 13;
const JUNK = 14;

/**
 * The chunk framing of a body (RFC 9112 section 7.1), without its trailer section. Strict: CRLF only, no white
 * space, extensions checked and dropped. Can stop between any two bytes.
 *
 * `tolerant` is for answers of servers. LF is a line end then, blanks may stand around a size, and behind a semicolon anything but an
 * open quotation. The size and the end of the data are as strict as without it.
 */
export class ChunkedDecoder {
  /** Bytes of the current chunk's data that are still to come. */
  left = 0;
  /** What was mended, flags of `Repair`. */
  repairs = 0;
  readonly #tolerant: boolean;
  #state = SIZE;
  #digits = 0;
  #extensions = 0;

  constructor(tolerant = false) {
    this.#tolerant = tolerant;
  }

  /** Whether the last chunk was read, so that the trailer section follows. */
  get last(): boolean {
    return this.#state === LAST_CHUNK;
  }

  /**
   * Reads framing in `bytes[start..end)` up to the next byte of data (`left > 0`), the last chunk (`last`) or the
   * end. Returns the position after what was read. Throws what is wrong with it.
   */
  advance(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#state !== DATA && this.#state !== LAST_CHUNK) this.#step(bytes[at++]!);
    return at;
  }

  /** `count` bytes of data, at most `left`, were taken. */
  take(count: number): void {
    this.left -= count;
    if (this.left === 0) this.#state = DATA_CR;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        return this.#readSize(byte);
      case SIZE_LF:
        if (byte !== LF) throw malformed();
        this.#state = this.#lineEnded();
        return;
      case DATA_CR:
        if (byte === CR) this.#state = DATA_LF;
        else this.#state = this.#bareLf(byte, SIZE);
        return;
      case DATA_LF:
        if (byte !== LF) throw malformed();
        this.#state = SIZE;
        return;
      default:
        if (++this.#extensions > MAX_EXTENSIONS) throw malformed();
        this.#state = this.#extension(byte);
    }
  }

  #readSize(byte: number): void {
    const digit = HEX[byte]!;
    if (digit < 16) {
      if (++this.#digits > MAX_DIGITS) throw malformed();
      this.left = this.left * 16 + digit;
      if (this.left >= 16 ** MAX_SIZE_DIGITS) throw malformed();
      return;
    }
    if (this.#digits === 0) this.#blank(byte);
    else this.#state = this.#sizeEnd(byte);
  }

  /** What follows a size or a whole extension. */
  #sizeEnd(byte: number): number {
    if (byte === CR) return SIZE_LF;
    if (byte === SEMICOLON) return EXTENSION_NAME_FIRST;
    return this.#oddEnd(byte);
  }

  /** The same, only of a server: LF, or something that has no place there. */
  #oddEnd(byte: number): number {
    if (byte === LF) return this.#bareLf(byte, this.#lineEnded());
    if (this.#state !== SIZE && this.#state !== SIZE_BLANK) return this.#junk(byte);
    this.#blank(byte);
    return SIZE_BLANK;
  }

  #lineEnded(): number {
    this.#digits = 0;
    if (this.#tolerant) this.#extensions = 0;
    return this.left === 0 ? LAST_CHUNK : DATA;
  }

  /** The state after a line end without CR, where one may be. */
  #bareLf(byte: number, next: number): number {
    if (byte !== LF || !this.#tolerant) throw malformed();
    this.repairs |= Repair.lineEnd;
    return next;
  }

  /** A blank around a size. */
  #blank(byte: number): void {
    if (!this.#tolerant || (byte !== SP && byte !== HTAB)) throw malformed();
    if (++this.#extensions > MAX_EXTENSIONS) throw malformed();
    this.repairs |= Repair.chunkLine;
  }

  /** Something in an extension that its grammar does not have. A quotation may hold it, and has to end. */
  #junk(byte: number): number {
    if (!this.#tolerant) throw malformed();
    this.repairs |= Repair.chunkLine;
    if (byte === CR) return SIZE_LF;
    if (byte === LF) return this.#bareLf(byte, this.#lineEnded());
    if (byte === QUOTE) return EXTENSION_QUOTED;
    if (FIELD_VALUE[byte] === 1) return JUNK;
    throw malformed();
  }

  #extension(byte: number): number {
    const token = TOKEN[byte] !== 0;
    switch (this.#state) {
      case EXTENSION_NAME_FIRST:
        return token ? EXTENSION_NAME : this.#junk(byte);
      case EXTENSION_NAME:
        if (token) return EXTENSION_NAME;
        return byte === EQUALS ? EXTENSION_VALUE_FIRST : this.#sizeEnd(byte);
      case EXTENSION_VALUE_FIRST:
        if (token) return EXTENSION_VALUE;
        return byte === QUOTE ? EXTENSION_QUOTED : this.#junk(byte);
      case EXTENSION_VALUE:
        return token ? EXTENSION_VALUE : this.#sizeEnd(byte);
      case EXTENSION_QUOTED:
        if (byte === QUOTE) return EXTENSION_QUOTED_END;
        if (byte === BACKSLASH) return EXTENSION_QUOTED_PAIR;
        if (FIELD_VALUE[byte] === 1) return EXTENSION_QUOTED;
        break;
      case EXTENSION_QUOTED_PAIR:
        if (FIELD_VALUE[byte] === 1) return EXTENSION_QUOTED;
        break;
      case JUNK:
        return this.#junk(byte);
      default:
        return this.#sizeEnd(byte);
    }
    throw malformed();
  }
}

/** The words are the same for both sides, because the caller of the decoder knows whose message it is. */
export class ChunkFault extends Error {}

function malformed(): ChunkFault {
  return new ChunkFault('The chunks of the body are malformed.');
}
