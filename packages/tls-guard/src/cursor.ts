import { HelloFault } from './hello-fault.ts';

/** Reads fields of a message in order. Throws a {@link HelloFault} when a field is longer than what is left. */
export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** A number of `size` bytes, 1 or 2. */
  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size);
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw malformed();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A vector: its length in `size` bytes, then as many bytes. */
  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}

export function malformed(): HelloFault {
  return new HelloFault('its ClientHello is malformed');
}
