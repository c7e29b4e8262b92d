/** A buffer that grows as bytes are added. */
export class Gathering {
  #buffer = Buffer.alloc(0);
  length = 0;

  /** Copies `bytes[start..end)`. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.length, start, end);
    this.length = length;
  }

  /** A view of the bytes that were added, valid until the next `add`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }
}
