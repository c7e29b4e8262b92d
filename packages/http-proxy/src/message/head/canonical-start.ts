import { Field } from '../field-names.ts';
import { idOfMarks, LINE_END, MARKS, NAME_START, VALUE_END, VALUE_START } from '../parser/head-table.ts';
import { isHttp11, VERSION_LENGTH } from '../version.ts';
import { wordsOf } from '../words.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

const [HOST, CRLF, COLON_SP] = [Buffer.from('Host').readInt32LE(), 0x0a0d, 0x203a];
/** Length of `HTTP/1.1 200 `. */
const STATUS_LENGTH = 13;

/**
 * Where the beginning of a request ends that goes to the server as it was written, from the start of the head: a request line in origin-form and
 * `Host` behind it, byte for byte as this proxy writes them, which is how nearly all clients do. 0 for one that is put together.
 */
export function canonicalRequestStart(head: RequestHead): number {
  const { base, fields, lineStart, lineEnd } = head;
  if (head.form !== 'origin' || head.fieldCount === 0 || idOfMarks(fields[MARKS]!) !== Field.host) return 0;
  // The path is that of the target, and the authority that of the field: not one that a route gave the request.
  if (head.pathStart !== lineStart + head.method.length + 1 || head.pathEnd !== lineEnd - VERSION_LENGTH - 1) return 0;
  if (fields[VALUE_START] !== head.authorityStart || fields[VALUE_END] !== head.authorityEnd) return 0;
  const hostStart = lineEnd + 2;
  const end = fields[LINE_END]!;
  if (fields[NAME_START] !== hostStart || head.authorityStart !== hostStart + 6 || end !== head.authorityEnd + 2)
    return 0;
  const words = wordsOf(head.buffer);
  if (!isHttp11(words, base + lineEnd - VERSION_LENGTH) || words.getInt16(base + lineEnd, true) !== CRLF) return 0;
  if (words.getInt32(base + hostStart, true) !== HOST) return 0;
  return words.getInt16(base + hostStart + 4, true) === COLON_SP ? end : 0;
}

/** The same of a response: a status line of HTTP/1.1 with a space behind the status. */
export function canonicalResponseStart(head: ResponseHead): number {
  const { base, lineStart, lineEnd } = head;
  if (head.reasonStart !== lineStart + STATUS_LENGTH) return 0;
  const words = wordsOf(head.buffer);
  if (!isHttp11(words, base + lineStart) || words.getInt16(base + lineEnd, true) !== CRLF) return 0;
  return lineEnd + 2;
}
