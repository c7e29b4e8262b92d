import { HelloFault } from './hello-fault.ts';

/** Reads octets in order; whatever does not fit is a {@link HelloFault}. */
export class Cursor {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get atEnd(): boolean {
    return this.#at === this.#octets.length;
  }

  /** A number of `size` octets, 1 or 2. */
  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size);
  }

  take(length: number): Buffer {
    if (length > this.#octets.length - this.#at) throw malformed();
    this.#at += length;
    return this.#octets.subarray(this.#at - length, this.#at);
  }

  /** A vector: its length in `size` octets, then as many octets. */
  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}

export function malformed(): HelloFault {
  return new HelloFault('its ClientHello is malformed');
}
