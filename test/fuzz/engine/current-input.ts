/** The input that a worker runs, where its parent sees it even if the worker never comes back. */
export class CurrentInput {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD + LARGEST)) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEAD);
  }

  begins(input: Buffer): void {
    this.#bytes.set(input.subarray(0, LARGEST));
    this.#numbers[1] = Math.min(input.length, LARGEST);
    this.#numbers[0] = ((this.#numbers[0] ?? 0) + 1) | 0;
  }

  /** Another number with each input. */
  get number(): number {
    return this.#numbers[0] ?? 0;
  }

  get input(): Buffer {
    return Buffer.from(this.#bytes.slice(0, this.#numbers[1] ?? 0));
  }
}

const HEAD = 8;
const LARGEST = 65_536;
