import { HeadMender } from './head-mender.ts';
import type { HeadFault, HeadLimits, HeadParser } from './head-parser.ts';
import { FAULT, HeadReader, MORE } from './head-reader.ts';

/** What is wrong with heads that a {@link HeadMender} may know how to mend. */
const MENDABLE: ReadonlySet<HeadFault> = new Set([
  'line-end',
  'field-name',
  'field-value',
  'folded-line',
  'field-alias',
  'empty-lines',
]);

/** Before the first head begins. */
const NO_LIMITS: HeadLimits = { startLine: 0, bytes: 0, fields: 0, strict: true };

/**
 * Reads the head of an answer, or its trailer section, as a {@link HeadReader} does until the first byte that the parser refuses. From
 * then on it reads what a {@link HeadMender} makes of the head from its beginning. `head.repairs` says what was mended.
 */
export class MendingReader<Head extends HeadParser> extends HeadReader<Head> {
  readonly #kind: 'response' | 'trailer';
  #limits: HeadLimits = NO_LIMITS;
  #mender: HeadMender | undefined = undefined;

  constructor(head: Head, kind: 'response' | 'trailer') {
    super(head);
    this.#kind = kind;
  }

  override begin(limits: HeadLimits): void {
    super.begin(limits);
    this.#limits = limits;
    this.#mender = undefined;
  }

  override read(bytes: Buffer, start: number, end: number): number {
    if (this.#mender !== undefined) return this.#mend(this.#mender, bytes, start, end);
    const at = super.read(bytes, start, end);
    return at === FAULT ? this.#startMending(bytes, start, end) : at;
  }

  override get capacity(): number {
    return super.capacity + (this.#mender?.out.length ?? 0);
  }

  override rest(): void {
    super.rest();
    // The parser remembers the memory that the mender wrote to.
    if (this.#mender !== undefined) this.head.release();
    this.#mender = undefined;
  }

  #startMending(bytes: Buffer, start: number, end: number): number {
    const { head } = this;
    const limits = this.#limits;
    if (limits.strict || head.fault === undefined || !MENDABLE.has(head.fault)) return FAULT;
    const mender = new HeadMender(this.#kind, limits);
    this.#mender = mender;
    // The mender counts the bytes that came; those that it writes may be twice as many.
    head.reset({ ...limits, bytes: 2 * limits.bytes });
    if (this.gathered > 0) mender.take(head.buffer, 0, this.gathered - (end - start));
    return this.#mend(mender, bytes, start, end);
  }

  #mend(mender: HeadMender, bytes: Buffer, start: number, end: number): number {
    const { head } = this;
    const at = mender.take(bytes, start, end);
    // What is wrong with the lines that are whole came before whatever the mender does not take.
    const complete = head.read(mender.out, 0, mender.length);
    head.repairs = mender.repairs;
    if (complete) return at;
    head.fault ??= mender.fault;
    return head.fault === undefined ? MORE : FAULT;
  }
}
