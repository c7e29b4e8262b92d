import { Treat } from '../field-names.ts';
import { type HeadFault, HeadParser } from '../parser/head-parser.ts';
import {
  DROPPED,
  MARKS,
  NAME_END,
  NAME_START,
  SLOTS,
  treatOfMarks,
  VALUE_END,
  VALUE_START,
} from '../parser/head-table.ts';
import { copyBytes, COLON, CR, LF, SP } from '../bytes.ts';
import { ChunkFault } from './chunked-decoder.ts';

/** A trailer section that is malformed, or too big. */
export class TrailerFault extends ChunkFault {
  /** Which limit it is above: what is wrong with a head that is. Undefined where it is malformed. */
  readonly tooBig: HeadFault | undefined;

  constructor(fault: HeadFault | undefined) {
    const limit = fault === undefined ? undefined : LIMITS[fault];
    super(limit ?? `The trailer section is malformed (${fault}).`);
    this.tooBig = limit === undefined ? undefined : fault;
  }
}

const LIMITS: Partial<Record<HeadFault, string>> = {
  'head-too-big': 'The trailer section is too big.',
  'too-many-fields': 'There are too many fields in the trailer section.',
  'field-name-too-long': 'A field name in the trailer section is too long.',
};

/** The trailer section of a chunked body (RFC 9112 section 7.1.2), which is fields without a start line. */
export class TrailerSection extends HeadParser {
  constructor() {
    super('trailer');
  }

  protected readStartLine(): void {}

  /**
   * Writes the fields that may pass to `out[at..)`, without the empty line. Returns the position after them. Fields that frame, route or
   * authorise do not pass (RFC 9110 section 6.5.1), because a recipient might merge them.
   */
  write(out: Buffer, at: number): number {
    const { buffer, base, fields } = this;
    let position = at;
    for (let slot = 0; slot < this.fieldCount * SLOTS; slot += SLOTS) {
      const marks = fields[slot + MARKS]!;
      if ((marks & DROPPED) !== 0 || (treatOfMarks(marks) & Treat.notInTrailer) !== 0) continue;
      position = copyBytes(out, position, buffer, base + fields[slot + NAME_START]!, base + fields[slot + NAME_END]!);
      out[position++] = COLON;
      out[position++] = SP;
      position = copyBytes(out, position, buffer, base + fields[slot + VALUE_START]!, base + fields[slot + VALUE_END]!);
      out[position++] = CR;
      out[position++] = LF;
    }
    return position;
  }
}
