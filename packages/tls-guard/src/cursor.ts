import { HelloFault } from './hello-fault.ts';

/**
 * Reads fields of a message in order, where they lie. Throws a {@link HelloFault} when a field is longer than what is left. It makes no
 * view of bytes, because a ClientHello has dozens of fields and each new client sends one.
 */
export class Cursor {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#at === this.#end;
  }

  /** A number of `size` bytes, 1 or 2. */
  number(size: 1 | 2): number {
    const at = this.#at;
    this.skip(size);
    const first = this.#bytes[at] ?? 0;
    return size === 1 ? first : (first << 8) | (this.#bytes[at + 1] ?? 0);
  }

  skip(length: number): void {
    if (length > this.#end - this.#at) throw malformed();
    this.#at += length;
  }

  /** Passes over a vector: its length in `size` bytes, then as many bytes. Returns that length. */
  skipVector(size: 1 | 2): number {
    const length = this.number(size);
    this.skip(length);
    return length;
  }

  /** What a vector holds. */
  vector(size: 1 | 2): Cursor {
    const length = this.skipVector(size);
    return new Cursor(this.#bytes, this.#at - length, this.#at);
  }

  /** What a vector holds, as text. */
  text(size: 1 | 2): string {
    const length = this.skipVector(size);
    return this.#bytes.toString('latin1', this.#at - length, this.#at);
  }
}

export function malformed(): HelloFault {
  return new HelloFault('its ClientHello is malformed');
}
