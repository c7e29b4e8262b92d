/** Bytes of a request body, as they came, that are kept at most so that the request can be sent again. */
export const MOST_KEPT = 65_536;

/** The beginning of a request body, for as long as it is all of what was sent. */
export class KeptBody {
  bytes: Buffer = Buffer.alloc(0);
  /** Too much was sent, so that the request cannot be sent again. */
  overflown = false;

  append(bytes: Buffer, start: number, end: number): void {
    if (this.overflown || start >= end) return;
    if (this.bytes.length + end - start <= MOST_KEPT) {
      this.bytes = Buffer.concat([this.bytes, bytes.subarray(start, end)]);
      return;
    }
    this.overflown = true;
    this.bytes = Buffer.alloc(0);
  }
}
