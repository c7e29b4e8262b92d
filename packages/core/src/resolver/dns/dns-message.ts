import { inetAddr } from '../../base/address.ts';
import { formatIp } from '../../base/ip.ts';
import type { ServiceRecord } from '../resolver.ts';
import { MalformedAnswerError, type NameAt, readName } from './dns-name.ts';

/** The types of records that are asked for (RFC 1035 section 3.2.2, RFC 3596 section 2.1, RFC 2782). */
const RECORD_TYPES = { A: 1, AAAA: 28, SRV: 33 } as const;

/** A type of record that can be asked for. */
export type RecordType = keyof typeof RECORD_TYPES;

const CNAME = 5;
const INTERNET = 1;
const HEADER = 12;
/** Priority, weight and port of a service record, before its target. */
const SRV_FIXED = 6;
/** The longest chain of aliases (CNAME) in one answer. Content delivery networks have up to ten. */
const MAX_ALIASES = 16;
/** The most addresses, or places of a service, that are taken from one answer. */
const MAX_RECORDS = 256;

/** The question of one query. */
export interface DnsQuestion {
  /** 0 to 65535, random against spoofed answers. */
  readonly id: number;
  /** Without a final dot. Printable ASCII in labels of 1 to 63 characters (see `whyNotAName`). */
  readonly name: string;
  readonly record: RecordType;
}

/** An address with its time to live in seconds. */
export interface TimedAddress {
  readonly address: string;
  readonly ttl: number;
}

/** A place of a service, with its time to live in seconds. */
export interface TimedService extends ServiceRecord {
  readonly ttl: number;
}

/** The content of an answer. */
export type DnsAnswer =
  /** To A and AAAA. An empty list means that the name has no address of this family. */
  | { readonly type: 'addresses'; readonly addresses: readonly TimedAddress[] }
  /** To SRV. An empty list means that there is no such record. */
  | { readonly type: 'services'; readonly services: readonly TimedService[] }
  | { readonly type: 'no-such-name' }
  /** The answer does not fit into a datagram, so the query is repeated over TCP. */
  | { readonly type: 'truncated' }
  /** The server has no answer. `rcode` is of RFC 1035 section 4.1.1, and 0 for a referral. */
  | { readonly type: 'failed'; readonly rcode: number };

/** Encodes a query for one record type, with recursion desired (RFC 1035 section 4). */
export function encodeQuestion({ id, name, record }: DnsQuestion): Uint8Array {
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
  view.setUint16(at + 1, RECORD_TYPES[record]);
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
  return answerOf(readRecords(bytes, view, end, count), question);
}

function endOfQuestion(bytes: Uint8Array, view: DataView, { name, record }: DnsQuestion): number | undefined {
  let asked: NameAt;
  try {
    asked = readName(bytes, HEADER);
  } catch {
    return undefined;
  }
  if (asked.end + 4 > bytes.length || asked.name !== name.toLowerCase()) return undefined;
  const isOurs = view.getUint16(asked.end) === RECORD_TYPES[record] && view.getUint16(asked.end + 2) === INTERNET;
  return isOurs ? asked.end + 4 : undefined;
}

/** What a record says, by its type. Others are left out. */
type RecordData =
  | { readonly type: typeof CNAME; readonly name: string }
  | { readonly type: typeof RECORD_TYPES.A | typeof RECORD_TYPES.AAAA; readonly address: string }
  | { readonly type: typeof RECORD_TYPES.SRV; readonly service: ServiceRecord };

interface DnsRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly data: RecordData;
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
    const data = isInternet ? readData(bytes, view, { type, at, length }) : undefined;
    if (data !== undefined) records.push({ owner: owner.name, ttl, data });
    at += length;
  }
  return records;
}

/** Where the data of a record is. */
interface DataAt {
  readonly type: number;
  readonly at: number;
  readonly length: number;
}

function readData(bytes: Uint8Array, view: DataView, where: DataAt): RecordData | undefined {
  const { type, at, length } = where;
  switch (type) {
    case CNAME:
      return { type, name: readNameIn(bytes, where, 'an alias').name };
    case RECORD_TYPES.A:
    case RECORD_TYPES.AAAA:
      if (length !== (type === RECORD_TYPES.A ? 4 : 16))
        throw new MalformedAnswerError('an address has a wrong length');
      return { type, address: formatIp(bytes.slice(at, at + length)) };
    case RECORD_TYPES.SRV: {
      if (length < SRV_FIXED) throw new MalformedAnswerError('a service record is cut off');
      const target = readNameIn(bytes, { type, at: at + SRV_FIXED, length: length - SRV_FIXED }, 'a target').name;
      const [priority, weight, port] = [view.getUint16(at), view.getUint16(at + 2), view.getUint16(at + 4)];
      return { type, service: { target, port, priority, weight } };
    }
    default:
      return undefined;
  }
}

/** A name that fills the data of its record. Compressed or not: servers compress names where they should not, too. */
function readNameIn(bytes: Uint8Array, { at, length }: DataAt, what: string): NameAt {
  const name = readName(bytes, at);
  if (name.end !== at + length) throw new MalformedAnswerError(`${what} is not as long as its record`);
  return name;
}

function answerOf(records: readonly DnsRecord[], question: DnsQuestion): DnsAnswer {
  const { found, atMost } = followAliases(records, question);
  if (question.record === 'SRV') {
    const services = found.flatMap(({ data, ttl }) =>
      data.type === RECORD_TYPES.SRV ? [{ ...data.service, ttl: Math.min(ttl, atMost) }] : [],
    );
    return { type: 'services', services };
  }
  return { type: 'addresses', addresses: found.flatMap((record) => timed(record, atMost)) };
}

/** Follows aliases from the name of the question. Records of other names are ignored. `atMost`: the least ttl of the aliases. */
function followAliases(
  records: readonly DnsRecord[],
  { name, record }: DnsQuestion,
): { readonly found: readonly DnsRecord[]; readonly atMost: number } {
  const aliases = new Map(
    records.flatMap(({ owner, ttl, data }) => (data.type === CNAME ? [[owner, { ttl, to: data.name }] as const] : [])),
  );
  let owner = name.toLowerCase();
  let atMost = Number.MAX_SAFE_INTEGER;
  for (let step = 0; step <= MAX_ALIASES; step += 1) {
    const found = records.filter((one) => one.data.type === RECORD_TYPES[record] && one.owner === owner);
    if (found.length > 0) return { found: found.slice(0, MAX_RECORDS), atMost };
    const alias = aliases.get(owner);
    if (alias === undefined) return { found, atMost };
    owner = alias.to;
    atMost = Math.min(atMost, alias.ttl);
  }
  throw new MalformedAnswerError(`its aliases lead on more than ${MAX_ALIASES} times`);
}

function timed({ ttl, data }: DnsRecord, atMost: number): TimedAddress[] {
  const addr = 'address' in data ? inetAddr(data.address, 0) : undefined;
  return addr === undefined ? [] : [{ address: addr.address, ttl: Math.min(ttl, atMost) }];
}
