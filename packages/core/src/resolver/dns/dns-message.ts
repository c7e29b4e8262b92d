import { inetAddr } from '../../base/address.ts';
import { formatIp } from '../../base/ip.ts';

/** The types of records that are asked for (RFC 1035 section 3.2.2, RFC 3596 section 2.1). */
export const RECORD_TYPES = { inet: 1, inet6: 28 } as const;

const CNAME = 5;
const INTERNET = 1;
const HEADER = 12;
/** Longest name on the wire, its length bytes included (RFC 1035 section 2.3.4). */
const MAX_NAME = 255;
/** The longest chain of aliases (CNAME) in one answer. Content delivery networks have up to ten. */
const MAX_ALIASES = 16;
/** The most addresses that are taken from one answer. */
const MAX_ADDRESSES = 256;

/** The question of one query. */
export interface DnsQuestion {
  /** 0 to 65535, random against spoofed answers. */
  readonly id: number;
  /** Without a final dot. Printable ASCII in labels of 1 to 63 characters (see `whyNotAName`). */
  readonly name: string;
  readonly family: 'inet' | 'inet6';
}

/** An address with its time to live in seconds. */
export interface TimedAddress {
  readonly address: string;
  readonly ttl: number;
}

/** The content of an answer. */
export type DnsAnswer =
  /** An empty list means that the name has no address of this family. */
  | { readonly type: 'addresses'; readonly addresses: readonly TimedAddress[] }
  | { readonly type: 'no-such-name' }
  /** The answer does not fit into a datagram, so the query is repeated over TCP. */
  | { readonly type: 'truncated' }
  /** The server has no answer. `rcode` is of RFC 1035 section 4.1.1, and 0 for a referral. */
  | { readonly type: 'failed'; readonly rcode: number };

/** An answer to our question is malformed. */
export class MalformedAnswerError extends Error {
  readonly code = 'EBADRESP';
}

/** Encodes a query for one record type, with recursion desired (RFC 1035 section 4). */
export function encodeQuestion({ id, name, family }: DnsQuestion): Uint8Array {
  const labels = name.split('.');
  const bytes = new Uint8Array(HEADER + name.length + 2 + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, 0x0100);
  view.setUint16(4, 1);
  let at = HEADER;
  for (const label of labels) {
    bytes[at++] = label.length;
    for (let index = 0; index < label.length; index += 1) bytes[at++] = label.charCodeAt(index);
  }
  // The buffer is zero, so the empty label of the root is in place.
  view.setUint16(at + 1, RECORD_TYPES[family]);
  view.setUint16(at + 3, INTERNET);
  return bytes;
}

/**
 * Reads an answer to `question`. Returns undefined for another id, another question or a message that is no answer, which
 * the caller ignores. Throws a {@link MalformedAnswerError} for a malformed answer to the question.
 */
export function readAnswer(bytes: Uint8Array, question: DnsQuestion): DnsAnswer | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const isAnswer = (flags & 0xf800) === 0x8000;
  if (view.getUint16(0) !== question.id || !isAnswer || view.getUint16(4) !== 1) return undefined;
  const end = endOfQuestion(bytes, view, question);
  if (end === undefined) return undefined;
  if ((flags & 0x0200) !== 0) return { type: 'truncated' };
  const rcode = flags & 0x000f;
  if (rcode === 3) return { type: 'no-such-name' };
  if (rcode !== 0) return { type: 'failed', rcode };
  const count = view.getUint16(6);
  // An empty answer that is neither authoritative nor recursive is a referral (a lame delegation).
  if (count === 0 && (flags & 0x0480) === 0) return { type: 'failed', rcode };
  return { type: 'addresses', addresses: collect(readRecords(bytes, view, end, count), question) };
}

function endOfQuestion(bytes: Uint8Array, view: DataView, { name, family }: DnsQuestion): number | undefined {
  let asked: NameAt;
  try {
    asked = readName(bytes, HEADER);
  } catch {
    return undefined;
  }
  if (asked.end + 4 > bytes.length || asked.name !== name.toLowerCase()) return undefined;
  const isOurs = view.getUint16(asked.end) === RECORD_TYPES[family] && view.getUint16(asked.end + 2) === INTERNET;
  return isOurs ? asked.end + 4 : undefined;
}

interface DnsRecord {
  readonly owner: string;
  readonly type: number;
  readonly ttl: number;
  /** An address in text, or the name that an alias leads to. */
  readonly value: string;
}

function readRecords(bytes: Uint8Array, view: DataView, start: number, count: number): DnsRecord[] {
  const records: DnsRecord[] = [];
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const owner = readName(bytes, at);
    at = owner.end + 10;
    if (at > bytes.length) throw new MalformedAnswerError('a record is cut off');
    const type = view.getUint16(at - 10);
    const isInternet = view.getUint16(at - 8) === INTERNET;
    // A time to live with the highest bit set is 0 (RFC 2181 section 8).
    const ttl = Math.max(0, view.getInt32(at - 6));
    const length = view.getUint16(at - 2);
    if (at + length > bytes.length) throw new MalformedAnswerError('the data of a record is cut off');
    const value = isInternet ? readValue(bytes, at, type, length) : undefined;
    if (value !== undefined) records.push({ owner: owner.name, type, ttl, value });
    at += length;
  }
  return records;
}

function readValue(bytes: Uint8Array, at: number, type: number, length: number): string | undefined {
  if (type === CNAME) {
    const alias = readName(bytes, at);
    if (alias.end !== at + length) throw new MalformedAnswerError('an alias is not as long as its record');
    return alias.name;
  }
  if (type !== RECORD_TYPES.inet && type !== RECORD_TYPES.inet6) return undefined;
  if (length !== (type === RECORD_TYPES.inet ? 4 : 16)) throw new MalformedAnswerError('an address has a wrong length');
  return formatIp(bytes.slice(at, at + length));
}

/** Follows aliases from the name of the question. Records of other names are ignored. */
function collect(records: readonly DnsRecord[], { name, family }: DnsQuestion): TimedAddress[] {
  const aliases = new Map(
    records.flatMap((record) => (record.type === CNAME ? [[record.owner, record] as const] : [])),
  );
  let owner = name.toLowerCase();
  let ttl = Number.MAX_SAFE_INTEGER;
  for (let step = 0; step <= MAX_ALIASES; step += 1) {
    const found = records.filter((record) => record.type === RECORD_TYPES[family] && record.owner === owner);
    if (found.length > 0) return found.slice(0, MAX_ADDRESSES).flatMap((record) => timed(record, ttl));
    const alias = aliases.get(owner);
    if (alias === undefined) return [];
    owner = alias.value;
    ttl = Math.min(ttl, alias.ttl);
  }
  throw new MalformedAnswerError(`its aliases lead on more than ${MAX_ALIASES} times`);
}

function timed({ value, ttl }: DnsRecord, atMost: number): TimedAddress[] {
  const addr = inetAddr(value, 0);
  return addr === undefined ? [] : [{ address: addr.address, ttl: Math.min(ttl, atMost) }];
}

interface NameAt {
  /** Lower case, without the final dot. */
  readonly name: string;
  /** The index after the name. */
  readonly end: number;
}

/** Reads a compressed name (RFC 1035 section 4.1.4). Pointers must lead backwards, so that reading always ends. */
function readName(bytes: Uint8Array, start: number): NameAt {
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
