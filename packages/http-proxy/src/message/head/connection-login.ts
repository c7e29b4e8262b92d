import { Field } from '../field-names.ts';
import type { HeadParser } from '../parser/head-parser.ts';
import { forEachElement } from '../list.ts';
import { ascii, COMMA, equalsLower, HTAB, parseLength, SP } from '../bytes.ts';

/**
 * Schemes that log in a connection and not a request. Later requests on the same connection are answered as that user's (RFC 4559 section
 * 6 for the second). RFC 9110 section 3.3 says why that needs care.
 */
const SCHEMES = ['ntlm', 'negotiate', 'kerberos', 'nego2'].map(ascii);
const TRUE = ascii('true');
const TIMEOUT = ascii('timeout');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;

/**
 * Whether `bytes[start..end)`, a value of `Authorization` or `WWW-Authenticate`, names such a scheme. The value is a list of challenges,
 * each with parameters that may hold commas in quotes. Where quotes do not match, a name within them counts.
 */
export function namesConnectionScheme(bytes: Buffer, start: number, end: number): boolean {
  let quoted = false;
  let from = start;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted && byte === BACKSLASH) at += 1;
    else if (byte === COMMA && !quoted) {
      if (beginsWithScheme(bytes, from, at)) return true;
      from = at + 1;
    }
  }
  if (!quoted) return beginsWithScheme(bytes, from, end);
  let found = false;
  forEachElement(bytes, start, end, (first, last) => {
    found ||= beginsWithScheme(bytes, first, last);
  });
  return found;
}

function beginsWithScheme(bytes: Buffer, start: number, end: number): boolean {
  let from = start;
  while (from < end && (bytes[from] === SP || bytes[from] === HTAB)) from += 1;
  let to = from;
  while (to < end && bytes[to] !== SP && bytes[to] !== HTAB) to += 1;
  return SCHEMES.some((scheme) => equalsLower(bytes, from, to, scheme));
}

/** What the answer of a server says about the connection that it came on. One object serves many answers. */
export class ServerWord {
  /** The answer asks for a login of the connection. */
  challenges = false;
  /** The connection is logged in, or the answer asks for that. */
  logsIn = false;
  /** Milliseconds that the connection can be kept idle for. Undefined when the server did not say. */
  keepFor: number | undefined = undefined;

  reset(): void {
    this.challenges = false;
    this.logsIn = false;
    this.keepFor = undefined;
  }

  /** Field `index` of `head` is `WWW-Authenticate`, `Persistent-Auth` or `Keep-Alive`. */
  read(head: HeadParser, id: number, index: number): void {
    const start = head.valueStart(index);
    const end = head.valueEnd(index);
    if (id === Field.keepAlive) this.#readKeepAlive(head.buffer, start, end);
    else if (id === Field.persistentAuth) this.logsIn ||= equalsLower(head.buffer, start, end, TRUE);
    else if (namesConnectionScheme(head.buffer, start, end)) this.challenges = this.logsIn = true;
  }

  /** Reads `Keep-Alive: timeout=5, max=100`, in seconds. Subtracts one, because the server counts from an earlier moment. */
  #readKeepAlive(bytes: Buffer, start: number, end: number): void {
    forEachElement(bytes, start, end, (from, to) => {
      const value = from + TIMEOUT.length + 1;
      if (value >= to || bytes[value - 1] !== EQUALS || !equalsLower(bytes, from, value - 1, TIMEOUT)) return;
      const seconds = parseLength(bytes, value, to);
      if (seconds >= 0) this.keepFor = Math.min(this.keepFor ?? Infinity, (seconds - 1) * 1000);
    });
  }
}
