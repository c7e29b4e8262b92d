import { knownNameAt, lengthOfKnown, marksOfKnown, marksOfName, Treat, treatmentOfLookalike } from '../field-names.ts';
import { COLON, CR, FIELD_VALUE, HTAB, LF, LOOKALIKE, REQUEST_LINE, SP, STRICT_REQUEST_LINE, TOKEN } from '../bytes.ts';
import { skipVisible, wordsOf } from '../words.ts';
import {
  DROPPED,
  HeadTable,
  LINE_END,
  MARKS,
  NAME_END,
  NAME_START,
  SLOTS,
  VALUE_END,
  VALUE_START,
} from './head-table.ts';

/** What can be wrong with a head, before its meaning is looked at. */
export type HeadFault =
  | 'line-end' // bare CR, bare LF, or a control character in the start line
  | 'start-line-too-long'
  | 'head-too-big'
  | 'too-many-fields'
  | 'field-name'
  | 'field-name-too-long'
  | 'field-value'
  | 'folded-line'
  | 'field-alias'
  | 'framing-field' // a field that delimits the body, in a form that could be mended in any other
  | 'empty-lines'; // more than the few that may precede a request

export interface HeadLimits {
  /** Bytes of the start line without its CRLF. */
  readonly startLine: number;
  /** Bytes of the whole head. */
  readonly bytes: number;
  readonly fields: number;
  /** Whether what cannot be misread is refused too, see `HttpOptions.strict`. */
  readonly strict: boolean;
  /** Of requests: whether their scheme is https, or may be: see `TargetRules.secure`. */
  readonly secure?: boolean;
}

/** What kind of head is read. A trailer section is a head without a start line. */
export type HeadKind = 'request' | 'response' | 'trailer';

/** CRLFs that are skipped before a request line (RFC 9112 section 2.2: at least one). */
export const MAX_EMPTY_LINES = 2;

/** Bytes of a field name. Longer ones come from those who hope that somebody keeps the length in a byte. */
const MAX_NAME = 255;

/** States of the parser, by what comes next. */
const AT_START = 0;
const IN_START_LINE = 1;
const AT_START_LINE_LF = 2;
const AT_FIELD = 3;
const IN_NAME = 4;
const BEFORE_VALUE = 5;
const IN_VALUE = 6;
const AT_FIELD_LF = 7;
const AT_LAST_LF = 8;
const AT_EMPTY_LINE_LF = 9;

/**
 * Reads a head byte by byte into positions, with no garbage, and can stop and go on between any two bytes, so
 * that a verdict never depends on how they arrived.
 *
 * `read` is given a buffer and where the head begins in it. Between two calls the head may move to another buffer:
 * positions are kept from its start. After `read` returned true the head lies in `buffer[base..base+length)`, and
 * everything here stays valid until the buffer is reused or `reset` is called.
 */
export abstract class HeadParser extends HeadTable {
  fault: HeadFault | undefined = undefined;
  /** What was mended in it, flags of `Repair`. */
  repairs = 0;

  readonly kind: HeadKind;
  #limits: HeadLimits = { startLine: 0, bytes: 0, fields: 0, strict: false };
  #state = AT_START;
  #requestLine = REQUEST_LINE;
  #emptyLines = 0;
  #lookalike = false;

  constructor(kind: HeadKind) {
    super();
    this.kind = kind;
  }

  /**
   * Called when the start line is complete, in `buffer[start..end)`, so that it is checked before the fields are read. Throws what is
   * wrong with it.
   */
  protected abstract readStartLine(buffer: Buffer, start: number, end: number): void;

  reset(limits: HeadLimits): void {
    this.#limits = limits;
    this.#requestLine = limits.strict ? STRICT_REQUEST_LINE : REQUEST_LINE;
    this.#state = this.kind === 'trailer' ? AT_FIELD : AT_START;
    this.#emptyLines = 0;
    this.#lookalike = false;
    this.clear();
    this.fault = undefined;
    this.repairs = 0;
  }

  /** Whether any byte of the head has come, other than empty lines before it. */
  get started(): boolean {
    return this.#state !== AT_START && this.#state !== AT_EMPTY_LINE_LF;
  }

  /**
   * Reads on in `buffer[base + length .. end)`. Returns true if the head is complete. Returns false if more bytes are needed, or if
   * `fault` says what is wrong.
   */
  read(buffer: Buffer, base: number, end: number): boolean {
    this.buffer = buffer;
    this.base = base;
    // The head may be as long as the limit. The byte after that is the fault.
    const limit = base + this.#limits.bytes;
    const stop = end < limit ? end : limit;
    const complete = this.#scan(buffer, base, stop);
    if (!complete && this.fault === undefined && end > limit) this.fault = 'head-too-big';
    return complete;
  }

  /**
   * The hot loop. Its state is kept in locals and put back only where it stops; each case does as much as it can before
   * the next turn (`bench/`, workload 2, shows the difference).
   */
  #scan(buffer: Buffer, base: number, stop: number): boolean {
    const fields = this.fields;
    const words = wordsOf(buffer);
    const isRequest = this.kind === 'request';
    let state = this.#state;
    let count = this.fieldCount;
    let slot = count * SLOTS;
    let at = base + this.length;
    scan: while (at < stop) {
      switch (state) {
        case AT_START:
          if (buffer[at] === CR && this.kind !== 'trailer') {
            if (!isRequest || ++this.#emptyLines > MAX_EMPTY_LINES) return this.#fail('empty-lines');
            state = AT_EMPTY_LINE_LF;
            at += 1;
            break;
          }
          this.lineStart = at - base;
          state = IN_START_LINE;
          break;
        case AT_EMPTY_LINE_LF:
          if (buffer[at] !== LF) return this.#fail('line-end');
          state = AT_START;
          at += 1;
          break;
        case IN_START_LINE: {
          const allowed = isRequest ? this.#requestLine : FIELD_VALUE;
          const lineLimit = base + this.lineStart + this.#limits.startLine;
          const lineStop = stop < lineLimit ? stop : lineLimit;
          at = skipVisible(words, at, lineStop);
          while (at < lineStop && allowed[buffer[at]!] === 1) at += 1;
          if (at === stop) break scan;
          if (buffer[at] !== CR) return this.#fail(at === lineLimit ? 'start-line-too-long' : 'line-end');
          this.lineEnd = at - base;
          state = AT_START_LINE_LF;
          at += 1;
          break;
        }
        case AT_START_LINE_LF:
          if (buffer[at] !== LF) return this.#fail('line-end');
          at += 1;
          this.readStartLine(buffer, base + this.lineStart, base + this.lineEnd);
          state = AT_FIELD;
          break;
        case AT_FIELD: {
          this.fieldCount = count;
          at = this.#plainLines(buffer, words, at, stop);
          if (count !== this.fieldCount) {
            count = this.fieldCount;
            slot = count * SLOTS;
            if (at === stop) break scan;
          }
          const byte = buffer[at]!;
          if (byte === CR) {
            state = AT_LAST_LF;
            at += 1;
            break;
          }
          if (byte === SP || byte === HTAB) return this.#fail('folded-line');
          if (count >= this.#limits.fields) return this.#fail('too-many-fields');
          if (count >= this.room) {
            this.#save(AT_FIELD, count, at - base);
            return this.#grow(buffer, base, stop);
          }
          fields[slot + NAME_START] = at - base;
          state = IN_NAME;
          break;
        }
        case IN_NAME: {
          let kind = 0;
          while (at < stop && (kind = TOKEN[buffer[at]!]!) !== 0) {
            if (kind === LOOKALIKE) this.#lookalike = true;
            at += 1;
          }
          const start = base + fields[slot + NAME_START]!;
          if (at - start > MAX_NAME) return this.#fail('field-name-too-long');
          if (at === stop) break scan;
          if (buffer[at] !== COLON || at === start) return this.#fail('field-name');
          fields[slot + MARKS] = marksOfName(buffer, start, at);
          if (this.#lookalike) {
            this.#lookalike = false;
            const like = treatmentOfLookalike(buffer, start, at);
            if ((like & Treat.frames) !== 0 || (like !== 0 && this.#limits.strict)) return this.#fail('field-alias');
            if (like !== 0) fields[slot + MARKS]! |= DROPPED;
          }
          fields[slot + NAME_END] = at - base;
          state = BEFORE_VALUE;
          at += 1;
          break;
        }
        case BEFORE_VALUE: {
          let byte = buffer[at]!;
          while ((byte === SP || byte === HTAB) && ++at < stop) byte = buffer[at]!;
          if (at === stop) break scan;
          fields[slot + VALUE_START] = at - base;
          state = IN_VALUE;
          break;
        }
        case IN_VALUE: {
          at = skipVisible(words, at, stop);
          while (at < stop && FIELD_VALUE[buffer[at]!] === 1) at += 1;
          if (at === stop) break scan;
          if (buffer[at] !== CR) return this.#fail(buffer[at] === LF ? 'line-end' : 'field-value');
          const start = base + fields[slot + VALUE_START]!;
          let end = at;
          while (end > start && (buffer[end - 1] === SP || buffer[end - 1] === HTAB)) end -= 1;
          fields[slot + VALUE_END] = end - base;
          state = AT_FIELD_LF;
          at += 1;
          break;
        }
        case AT_FIELD_LF:
          if (buffer[at] !== LF) return this.#fail('line-end');
          at += 1;
          fields[slot + LINE_END] = at - base;
          slot += SLOTS;
          count += 1;
          state = AT_FIELD;
          break;
        case AT_LAST_LF:
          if (buffer[at] !== LF) return this.#fail('line-end');
          this.#save(AT_LAST_LF, count, at + 1 - base);
          return true;
      }
    }
    this.#save(state, count, at - base);
    return false;
  }

  /**
   * Reads field lines from `at` on as long as they are whole and the way nearly all are: a known name, a colon, one
   * space, a value of visible ASCII and spaces, CRLF. Returns where the first other line begins. It refuses nothing, because the states
   * above read what is left here.
   */
  #plainLines(buffer: Buffer, words: DataView, at: number, stop: number): number {
    const { base, fields } = this;
    const most = Math.min(this.#limits.fields, this.room);
    let lineStart = at;
    let count = this.fieldCount;
    while (count < most) {
      const known = knownNameAt(words, lineStart, stop);
      if (known === 0) break;
      const nameEnd = lineStart + lengthOfKnown(known);
      const valueStart = nameEnd + 2;
      const valueEnd = skipVisible(words, valueStart, stop);
      if (valueEnd + 2 > stop || buffer[valueEnd] !== CR || buffer[valueEnd + 1] !== LF) break;
      // The value is not empty, and all of the space around it is the one before it.
      if (buffer[nameEnd + 1] !== SP || buffer[valueStart]! <= SP || buffer[valueEnd - 1] === SP) break;
      const slot = count * SLOTS;
      fields[slot + NAME_START] = lineStart - base;
      fields[slot + NAME_END] = nameEnd - base;
      fields[slot + VALUE_START] = valueStart - base;
      fields[slot + VALUE_END] = valueEnd - base;
      fields[slot + LINE_END] = valueEnd + 2 - base;
      fields[slot + MARKS] = marksOfKnown(known);
      lineStart = valueEnd + 2;
      count += 1;
    }
    this.fieldCount = count;
    return lineStart;
  }

  #save(state: number, count: number, length: number): void {
    this.#state = state;
    this.fieldCount = count;
    this.length = length;
  }

  #fail(fault: HeadFault): false {
    this.fault = fault;
    return false;
  }

  /** Scans on with a larger table, which the limit still allows. Rare. */
  #grow(buffer: Buffer, base: number, stop: number): boolean {
    this.enlarge();
    return this.#scan(buffer, base, stop);
  }
}
