/** Views of memory as words. The last one is kept, because the same few buffers are used again and again. */
export class LastView {
  #bytes: Uint8Array = new Uint8Array(0);
  #words = new DataView(this.#bytes.buffer);

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      // Memory that may grow or shrink is seen as it is then.
      const length = isFixed(bytes.buffer) ? bytes.byteLength : undefined;
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, length);
    }
    return this.#words;
  }
}

function isFixed(memory: ArrayBufferLike): boolean {
  return !(memory instanceof SharedArrayBuffer ? memory.growable : memory.resizable);
}

/** Up to so many bytes {@link copyWords} beats the call of a native copy. */
export const FEW_BYTES = 256;

/**
 * Copies `length` bytes; the two do not overlap. For {@link FEW_BYTES}. V8 makes no BigInt of eight bytes that are read only to be
 * written.
 */
export function copyWords(to: DataView, toStart: number, from: DataView, fromStart: number, length: number): void {
  const last = length - 8;
  if (last < 0) return copyLess(to, toStart, from, fromStart, length);
  for (let at = 0; at < last; at += 8) to.setBigInt64(toStart + at, from.getBigInt64(fromStart + at, true), true);
  to.setBigInt64(toStart + last, from.getBigInt64(fromStart + last, true), true);
}

/** The same for less than eight. */
function copyLess(to: DataView, toStart: number, from: DataView, fromStart: number, length: number): void {
  const last = length - 4;
  if (last < 0) {
    for (let at = 0; at < length; at += 1) to.setUint8(toStart + at, from.getUint8(fromStart + at));
    return;
  }
  to.setInt32(toStart, from.getInt32(fromStart, true), true);
  to.setInt32(toStart + last, from.getInt32(fromStart + last, true), true);
}
