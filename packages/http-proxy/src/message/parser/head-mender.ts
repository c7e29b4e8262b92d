import { Field, fieldId, Treat, treatmentOfLookalike } from '../field-names.ts';
import { MAX_EMPTY_LINES, type HeadFault, type HeadLimits } from './head-parser.ts';
import { ascii, COLON, CR, HTAB, LF, LOOKALIKE, LOWER, SP, TOKEN } from '../bytes.ts';
import { Repair } from '../repairs.ts';
import { VERSION_LENGTH } from '../version.ts';

/** Bytes of a status line before its text, which are the version, a space, three digits and another space. */
const STATUS_LENGTH = VERSION_LENGTH + 5;
const FRAMING_NAMES = [ascii('content-length'), ascii('transfer-encoding')];

/**
 * Where in a line the next byte is: at its beginning, in the white space with which a folded line begins, or in its text. An end of the
 * line leads from all of them to `line-start`.
 */
type Place = 'line-start' | 'fold' | 'text';

/**
 * The line that is not yet mended.
 *
 * ```
 *          begins                 the next one is folded
 *   none ─────────▶ line ───────────────────────────────▶ folded
 *     └── begins folded ─▶ orphan
 *   all of them ── the next line begins, or the head ends ──▶ none
 * ```
 *
 * - `folded`: it consists of several lines.
 * - `orphan`: it begins with white space, and there is no field line before it that it could belong to.
 */
type Pending = 'none' | 'line' | 'folded' | 'orphan';

/**
 * Writes the head of an answer, or a trailer section, anew in the form that the parser reads. That has CRLF, no folds, no space before a
 * colon, only lines that are fields, and no control bytes. RFC 9112 sections 2.2, 4 and 5 let a recipient do that. It reads byte by byte,
 * because few answers need it. A verdict does not depend on how the bytes arrive.
 *
 * A line goes out when it is known not to be folded, because it is checked as a whole. A NUL, a CR without LF, and a field
 * that delimits the body in anything but its plain form are faults, because it is not certain what the server meant.
 */
export class HeadMender {
  /** The new head lies in `out[0..length)`, whole lines only. */
  out: Buffer = Buffer.alloc(0);
  length = 0;
  /** The empty line at its end was read. */
  complete = false;
  fault: HeadFault | undefined = undefined;
  /** Flags of `Repair`. */
  repairs = 0;

  readonly #limits: HeadLimits;
  /** Bytes of the head as it came. */
  #taken = 0;
  /** The line in `out[length..#to)` is not finished, or may be folded. */
  #to = 0;
  #pending: Pending = 'none';
  #inStartLine: boolean;
  #emptyLines = 0;
  /** Field lines, dropped ones included. */
  #lines = 0;
  #place: Place = 'line-start';
  #afterCr = false;
  /** Where the first of the pending lines ends. The name of a field must end within it. -1 while the line goes on. */
  #firstEnd = -1;

  constructor(kind: 'response' | 'trailer', limits: HeadLimits) {
    this.#inStartLine = kind === 'response';
    this.#limits = limits;
  }

  /** Takes bytes of the head. Returns the position after it when it is complete, or -1 for more, or for a fault. */
  take(bytes: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#limits.bytes - this.#taken);
    // An LF becomes two bytes, and so may the last line, which has none yet.
    this.#reserve(this.#to + 2 * (stop - start) + 4);
    let at = start;
    while (at < stop && !this.complete && this.fault === undefined) this.#take(bytes[at++]!);
    this.#taken += at - start;
    if (this.complete) return at;
    if (at < end) this.fault ??= 'head-too-big';
    return -1;
  }

  #take(byte: number): void {
    if (byte === 0) return this.#fail(this.#inStartLine ? 'line-end' : 'field-value');
    if (this.#afterCr) {
      if (byte !== LF) return this.#fail('line-end');
      this.#afterCr = false;
      return this.#endLine();
    }
    if (byte === CR) {
      this.#afterCr = true;
      return;
    }
    if (byte === LF) {
      this.repairs |= Repair.lineEnd;
      return this.#endLine();
    }
    if (this.#place === 'line-start') this.#beginLine(byte);
    if (this.#place === 'fold' && (byte === SP || byte === HTAB)) return;
    this.#place = 'text';
    if (this.#inStartLine) {
      if (this.#to >= this.#limits.startLine) return this.#fail('start-line-too-long');
      // What stands before the reason decides what the answer is.
      if (this.#to < STATUS_LENGTH && isControl(byte)) return this.#fail('line-end');
    }
    this.out[this.#to++] = byte;
  }

  #beginLine(first: number): void {
    const isFold = !this.#inStartLine && (first === SP || first === HTAB);
    this.#place = isFold ? 'fold' : 'text';
    if (isFold && this.#pending !== 'none') {
      if (this.#pending === 'line') this.#pending = 'folded';
      this.out[this.#to++] = SP;
      return;
    }
    this.#settle();
    this.#pending = isFold ? 'orphan' : 'line';
    this.#firstEnd = -1;
  }

  #endLine(): void {
    const isEmpty = this.#place === 'line-start';
    this.#place = 'line-start';
    if (this.#inStartLine) return isEmpty ? this.#skipEmptyLine() : this.#endStartLine();
    if (!isEmpty) {
      if (this.#firstEnd < 0) this.#firstEnd = this.#to;
      return;
    }
    this.#settle();
    if (this.fault !== undefined) return;
    this.#commit();
    this.complete = true;
  }

  #skipEmptyLine(): void {
    if (++this.#emptyLines > MAX_EMPTY_LINES) return this.#fail('empty-lines');
    this.repairs |= Repair.emptyLine;
  }

  #endStartLine(): void {
    this.#pending = 'none';
    this.#inStartLine = false;
    this.#blankControls(STATUS_LENGTH);
    this.#commit();
  }

  /** Mends the pending line, which is whole, or drops it. */
  #settle(): void {
    const pending = this.#pending;
    if (pending === 'none') return;
    this.#pending = 'none';
    if (++this.#lines > this.#limits.fields) return this.#fail('too-many-fields');
    const { out, length: start } = this;
    const colon = pending === 'orphan' ? -1 : indexOf(out, COLON, start, this.#firstEnd);
    let nameEnd = colon;
    while (nameEnd > start && (out[nameEnd - 1] === SP || out[nameEnd - 1] === HTAB)) nameEnd -= 1;
    if (!isName(out, start, nameEnd)) return this.#drop(colon);
    const before = this.repairs;
    let plain = pending !== 'folded' && nameEnd === colon;
    if (pending === 'folded') this.repairs |= Repair.fold;
    if (nameEnd < colon) {
      this.repairs |= Repair.spaceBeforeColon;
      out.fill(SP, nameEnd, colon + 1);
      out[nameEnd] = COLON;
    }
    if (this.#blankControls(nameEnd + 1)) plain = false;
    if (!plain && isFraming(fieldId(out, start, nameEnd))) {
      this.repairs = before;
      return this.#fail('framing-field');
    }
    this.#commit();
  }

  /** Leaves the pending line out, unless it looks like one that delimits the body. `colon` is -1 when it has none. */
  #drop(colon: number): void {
    const { out, length: start } = this;
    if (beginsLikeFraming(out, start, colon < 0 ? this.#to : colon)) return this.#fail('framing-field');
    this.repairs |= Repair.droppedLine;
    this.#to = start;
  }

  /** Makes spaces of the control bytes in `out[from..#to)`. Returns whether there were any. */
  #blankControls(from: number): boolean {
    let found = false;
    for (let at = from; at < this.#to; at += 1) {
      if (!isControl(this.out[at]!)) continue;
      this.out[at] = SP;
      found = true;
    }
    if (found) this.repairs |= Repair.controlByte;
    return found;
  }

  #commit(): void {
    this.out[this.#to++] = CR;
    this.out[this.#to++] = LF;
    this.length = this.#to;
  }

  #fail(fault: HeadFault): void {
    this.fault = fault;
  }

  #reserve(capacity: number): void {
    if (this.out.length >= capacity) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(1024, capacity, 2 * this.out.length));
    this.out.copy(larger, 0, 0, this.#to);
    this.out = larger;
  }
}

function isControl(byte: number): boolean {
  return (byte < SP && byte !== HTAB) || byte === 0x7f;
}

function isFraming(id: number): boolean {
  return id === Field.contentLength || id === Field.transferEncoding;
}

/** Whether it is a token, and none that looks like the name of a field that delimits the body (`Content_Length`). */
function isName(bytes: Buffer, start: number, end: number): boolean {
  let isLookalike = false;
  for (let at = start; at < end; at += 1) {
    const kind = TOKEN[bytes[at]!];
    if (kind === 0) return false;
    if (kind === LOOKALIKE) isLookalike = true;
  }
  if (isLookalike && (treatmentOfLookalike(bytes, start, end) & Treat.frames) !== 0) return false;
  return end > start;
}

function indexOf(bytes: Buffer, byte: number, start: number, end: number): number {
  const at = bytes.indexOf(byte, start);
  return at < end ? at : -1;
}

/** Bytes of a name that others may stand for, which no name may hold. With more of them it is no name that one could know. */
const MOST_DAMAGED = 2;

/**
 * Whether `bytes[start..end)` begins with the name of a field that delimits the body, but for bytes that no name may hold: between its characters
 * as often as they like, or in the place of a few.
 */
function beginsLikeFraming(bytes: Buffer, start: number, end: number): boolean {
  return FRAMING_NAMES.some((name) => beginsLike(name, bytes, start, end));
}

function beginsLike(name: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  // Bit N of number D: the first N characters of the name are there, D of them damaged.
  const matched: number[] = [1, ...Array.from({ length: MOST_DAMAGED }, () => 0)];
  const whole = 1 << name.length;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    const isDamage = TOKEN[byte] === 0;
    for (let damaged = MOST_DAMAGED; damaged >= 0; damaged -= 1) {
      const before = matched[damaged] ?? 0;
      const fewer = matched[damaged - 1] ?? 0;
      matched[damaged] = isDamage ? before | (fewer << 1) : oneMore(name, before, LOWER[byte]!);
      if ((matched[damaged]! & whole) !== 0) return true;
    }
    if (matched.every((bits) => bits === 0)) return false;
  }
  return false;
}

/** Of the matches in `before`, those that `byte` continues, one character longer. */
function oneMore(name: Uint8Array, before: number, byte: number): number {
  let longer = 0;
  for (let index = 0; index < name.length; index += 1) {
    if (((before >> index) & 1) !== 0 && name[index] === byte) longer |= 2 << index;
  }
  return longer;
}
