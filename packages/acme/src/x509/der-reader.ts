/** One element of DER. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** The element with its tag and length. */
  readonly whole: Buffer;
}

/** The elements that `bytes` consist of. Throws a `RangeError` if they are no DER. */
export function readDer(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const { start, end } = bounds(bytes, at);
    elements.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}

function bounds(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = bytes.readUInt8(at + 1);
  const sizes = first < 0x80 ? 0 : first & 0x7f;
  if (sizes > 3 || first === 0x80) throw new RangeError('The length of an element of DER is not supported.');
  const start = at + 2 + sizes;
  const end = start + (sizes === 0 ? first : bytes.readUIntBE(at + 2, sizes));
  if (end > bytes.length) throw new RangeError('An element of DER is cut off.');
  return { start, end };
}
