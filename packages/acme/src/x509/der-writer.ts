/**
 * Writes DER (X.690), as much of it as a certificate request and a challenge certificate consist of. A library that knows all of X.509
 * (`@peculiar/x509`) brings 20 packages and a polyfill of `Reflect` for two structures that never change.
 */

/** Bytes of one or more elements, one after the other. */
type Content = Uint8Array | readonly Uint8Array[];

function element(tag: number, content: Content): Buffer {
  const bytes = content instanceof Uint8Array ? content : Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), length(bytes.length), bytes]);
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  if (size < 0x1_00) return Buffer.from([0x81, size]);
  if (size < 0x1_00_00) return Buffer.from([0x82, size >> 8, size & 0xff]);
  throw new RangeError('An element of DER is too long.');
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => element(0x30, items);

export const set = (...items: readonly Uint8Array[]): Buffer => element(0x31, items);

/** A number that is not negative, from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.from([0]) : Buffer.from(bytes.subarray(first));
  const isHigh = ((short[0] ?? 0) & 0x80) !== 0;
  return element(0x02, isHigh ? [Buffer.from([0]), short] : short);
}

export const smallInteger = (value: number): Buffer => integer(Buffer.from([value]));

export const yes = (): Buffer => element(0x01, Buffer.from([0xff]));

export const octetString = (content: Content): Buffer => element(0x04, content);

/** Whole bytes: no bit is unused. */
export const bitString = (bytes: Uint8Array): Buffer => element(0x03, [Buffer.from([0]), bytes]);

export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text));

/** Years from 1950 to 2049 are UTCTime, others GeneralizedTime (RFC 5280 section 4.1.2.5). */
export function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/gu, '');
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** `[number]` around whole elements. */
export const explicit = (number: number, ...items: readonly Uint8Array[]): Buffer => element(0xa0 | number, items);

/** `[number]` in place of the tag of a string. */
export const implicit = (number: number, content: Content): Buffer => element(0x80 | number, content);
