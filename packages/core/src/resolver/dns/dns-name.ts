/** Longest name on the wire, its length bytes included (RFC 1035 section 2.3.4). */
const MAX_NAME = 255;

/** An answer to our question is malformed. */
export class MalformedAnswerError extends Error {
  readonly code = 'EBADRESP';
}

/** A name in a message. */
export interface NameAt {
  /** Lower case, without the final dot. */
  readonly name: string;
  /** The index after the name. */
  readonly end: number;
}

/** Reads a compressed name (RFC 1035 section 4.1.4). Pointers must lead backwards, so that reading always ends. */
export function readName(bytes: Uint8Array, start: number): NameAt {
  const labels: string[] = [];
  let at = start;
  let earliest = start;
  let end: number | undefined;
  let size = 1;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) throw new MalformedAnswerError('a name is cut off');
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: end ?? at + 1 };
    if (length >= 0xc0) {
      const to = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0xff);
      if (at + 1 >= bytes.length || to >= earliest) throw new MalformedAnswerError('a pointer in a name leads nowhere');
      end ??= at + 2;
      earliest = to;
      at = to;
      continue;
    }
    size += length + 1;
    if (length > 63 || size > MAX_NAME || at + 1 + length > bytes.length) {
      throw new MalformedAnswerError('a label of a name is too long');
    }
    labels.push(textOf(bytes, at + 1, length));
    at += length + 1;
  }
}

/** Reads a label. A dot in it is escaped, so that it differs from a dot between labels. */
function textOf(bytes: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let at = start; at < start + length; at += 1) {
    const byte = bytes[at]!;
    text += byte === 0x2e || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  }
  return text;
}
