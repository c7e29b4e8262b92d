import { type ClientHello, parseClientHello } from './client-hello.ts';
import { Cursor } from './cursor.ts';
import { CLIENT_HELLO, HANDSHAKE, HelloPieces, LARGEST_HELLO, MESSAGE_HEADER, RECORD_HEADER } from './hello-pieces.ts';

const nothing = Buffer.alloc(0);

/**
 * Reads the first message of a TLS connection from any pieces and records, and keeps the bytes that it read. Nearly all clients
 * send it as one record that arrives at once, and that is read where it lies.
 */
export class HelloReader {
  /** What was read, if it began with all of the message. */
  #whole: Buffer | undefined = undefined;
  /** For every other beginning. */
  #pieces: HelloPieces | undefined = undefined;

  /** Returns all bytes that were read, and releases them, because the tunnel may stay open for long. */
  takeReceived(): Buffer {
    const received = this.#whole ?? this.#pieces?.received ?? nothing;
    this.#whole = undefined;
    this.#pieces = undefined;
    return received;
  }

  /** The number of bytes in memory: those that were read, and the copy of the message in them. */
  get kept(): number {
    return this.#whole?.length ?? this.#pieces?.kept ?? 0;
  }

  /** Whether any byte was read. */
  get begun(): boolean {
    return this.#whole !== undefined || this.#pieces !== undefined;
  }

  /**
   * Copies the next bytes, of which there is at least one. Returns the ClientHello once it is complete, undefined before. Throws a
   * {@link HelloFault}. Must not be called again after either.
   */
  read(bytes: Buffer, start: number, end: number): ClientHello | undefined {
    if (this.#pieces === undefined) {
      const length = lengthOfWhole(bytes, start, end);
      if (length > 0) {
        this.#whole = copyOf(bytes, start, end);
        return parseClientHello(new Cursor(bytes, start + RECORD_HEADER + MESSAGE_HEADER, start + length));
      }
      this.#pieces = new HelloPieces();
    }
    return this.#pieces.read(bytes, start, end);
  }
}

/** The length of a record at `start` that is there as a whole and holds a ClientHello and nothing else; 0 if there is none. */
function lengthOfWhole(bytes: Buffer, start: number, end: number): number {
  if (end - start < RECORD_HEADER + MESSAGE_HEADER) return 0;
  if (bytes[start] !== HANDSHAKE || bytes[start + 1] !== 3 || bytes[start + RECORD_HEADER] !== CLIENT_HELLO) return 0;
  const record = bytes.readUInt16BE(start + 3);
  const message = bytes.readUIntBE(start + RECORD_HEADER + 1, 3);
  const isAlone = record === MESSAGE_HEADER + message && record + RECORD_HEADER <= LARGEST_HELLO;
  return isAlone && record + RECORD_HEADER <= end - start ? record + RECORD_HEADER : 0;
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
