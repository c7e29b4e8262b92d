import { Field } from '../message/field-names.ts';
import type { RequestHead } from '../message/head/request-head.ts';

/** Of the bytes that came, these are looked at. Fields of browsers stand near the beginning. */
const MOST_BYTES = 65_536;
const ACCEPT = /\naccept:([^\r\n]*)/i;
const BROWSER = /\nuser-agent:[ \t]*mozilla\//i;

/**
 * Whether the client of a request that is not understood prefers a page. `Accept` decides where it was read, or has come: in
 * `bytes[start..end)`, the last ones. Where it has not, a browser is known by its `User-Agent`, in which all of
 * them begin with Mozilla.
 */
export function asksForHtml(head: RequestHead, bytes?: Buffer, start = 0, end = 0): boolean {
  if (head.indexOf(Field.accept) >= 0) return head.prefersHtml;
  const { buffer, base, length } = head;
  const read = textOf(buffer, base, base + length);
  const came = bytes === undefined ? '' : textOf(bytes, start, end);
  const accept = ACCEPT.exec(came)?.[1];
  return accept === undefined ? BROWSER.test(read) || BROWSER.test(came) : accept.toLowerCase().includes('text/html');
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + MOST_BYTES));
}
