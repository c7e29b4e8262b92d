import { CertificateError } from './certificate-error.ts';

/** What of a list of revoked certificates (CRL, RFC 5280 section 5.1) has to be known of it before it is used. */
export interface RevocationList {
  /** When the next one is to be there; clients are refused from then on. Milliseconds since 1970; undefined if it does not say. */
  readonly nextUpdate: number | undefined;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** Reads a CRL in PEM. `file` is its name in messages. Throws a {@link CertificateError}. */
export function readRevocationList(pem: string, file: string): RevocationList {
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, '');
  const list = enter(read(Buffer.from(base64, 'base64'), 0, file), SEQUENCE, file);
  const content = enter(list, SEQUENCE, file);
  // The version, which may be missing, and then what signed it, who, and when.
  const hasVersion = content.tag === INTEGER;
  const algorithm = hasVersion ? next(content, file) : content;
  const thisUpdate = next(next(algorithm, file), file);
  if (![UTC_TIME, GENERALIZED_TIME].includes(thisUpdate.tag)) throw malformed(file);
  const after = thisUpdate.end === thisUpdate.limit ? undefined : next(thisUpdate, file);
  const isTime = after !== undefined && [UTC_TIME, GENERALIZED_TIME].includes(after.tag);
  return { nextUpdate: isTime ? timeOf(after) : undefined };
}

/** A value in DER. */
interface Value {
  readonly bytes: Buffer;
  readonly tag: number;
  readonly start: number;
  readonly end: number;
  /** The end of what it is in. */
  readonly limit: number;
}

function read(bytes: Buffer, at: number, file: string, limit = bytes.length): Value {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit) throw malformed(file);
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (count > 4 || at + 2 + count > limit) throw malformed(file);
  const length = count === 0 ? first & 0x7f : bytes.readUIntBE(at + 2, count);
  const start = at + 2 + count;
  if (start + length > limit) throw malformed(file);
  return { bytes, tag, start, end: start + length, limit };
}

/** The first value in a value of a kind. */
function enter({ bytes, tag, start, end }: Value, expected: number, file: string): Value {
  if (tag !== expected) throw malformed(file);
  return read(bytes, start, file, end);
}

function next({ bytes, end, limit }: Value, file: string): Value {
  return read(bytes, end, file, limit);
}

/** A two-digit year below 50 is one of this century (RFC 5280 section 4.1.2.5.1). */
function timeOf({ bytes, tag, start, end }: Value): number | undefined {
  const text = bytes.toString('latin1', start, end);
  const century = tag === UTC_TIME ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') : '';
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text) ?? [];
  const [year = NaN, month = NaN, ...others] = parts.map(Number);
  const time = Date.UTC(year, month - 1, ...others);
  return Number.isNaN(time) ? undefined : time;
}

function malformed(file: string): CertificateError {
  return new CertificateError(file, 'its list of revoked certificates (CRL) cannot be read');
}
