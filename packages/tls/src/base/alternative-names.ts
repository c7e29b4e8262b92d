/** The names of a certificate (RFC 5280 section 4.2.1.6). */
export interface AlternativeNames {
  /** Host names, as they stand there; wildcards too. */
  readonly dns: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
  /** Addresses of 4 or 16 bytes. */
  readonly addresses: readonly Buffer[];
}

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
/** The field `extensions` of a certificate. */
const EXTENSIONS = 0xa3;
/** 2.5.29.17 */
const SUBJECT_ALT_NAME = Buffer.from([0x55, 0x1d, 0x11]);
const RFC822_NAME = 0x81;
const DNS_NAME = 0x82;
const URI = 0x86;
const IP_ADDRESS = 0x87;

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/**
 * Reads the names of a certificate in DER. Not from the text that Node makes of them, because its form has been ambiguous (CVE-2021-44532).
 * Throws a `RangeError` if it is no certificate.
 */
export function alternativeNames(der: Buffer): AlternativeNames {
  const names = { dns: [] as string[], uris: [] as string[], emails: [] as string[], addresses: [] as Buffer[] };
  for (const { tag, content } of generalNames(der)) {
    if (tag === DNS_NAME) names.dns.push(content.toString('latin1'));
    else if (tag === URI) names.uris.push(content.toString('latin1'));
    else if (tag === RFC822_NAME) names.emails.push(content.toString('latin1'));
    else if (tag === IP_ADDRESS) names.addresses.push(content);
  }
  return names;
}

function generalNames(der: Buffer): Element[] {
  const [certificate] = elements(der);
  const [signed] = elements(certificate?.content ?? der);
  const field = elements(signed?.content ?? der).find(({ tag }) => tag === EXTENSIONS);
  const [list] = field === undefined ? [] : elements(field.content);
  for (const { content } of list === undefined ? [] : elements(list.content)) {
    const parts = elements(content);
    const isNames = parts[0]?.tag === OBJECT_IDENTIFIER && parts[0].content.equals(SUBJECT_ALT_NAME);
    const value = parts.at(-1);
    if (!isNames || value?.tag !== OCTET_STRING) continue;
    const [sequence] = elements(value.content);
    if (sequence?.tag === SEQUENCE) return elements(sequence.content);
  }
  return [];
}

/** The elements in DER that stand one after the other in `bytes`. */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes.readUInt8(at);
    let length = bytes.readUInt8(at + 1);
    at += 2;
    if (length >= 0x80) {
      const more = length & 0x7f;
      length = bytes.readUIntBE(at, more);
      at += more;
    }
    if (at + length > bytes.length)
      throw new RangeError('An element of a certificate is longer than what it stands in.');
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}
