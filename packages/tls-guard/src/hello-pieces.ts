import { type ClientHello, parseClientHello } from './client-hello.ts';
import { Cursor } from './cursor.ts';
import { Gathering } from './gathering.ts';
import { HelloFault } from './hello-fault.ts';

export const HANDSHAKE = 22;
export const CLIENT_HELLO = 1;
export const RECORD_HEADER = 5;
export const MESSAGE_HEADER = 4;
/** RFC 8446 section 5.1. */
const LARGEST_RECORD = 2 ** 14;
/** The most bytes that are read before the message must be complete, record headers included. */
export const LARGEST_HELLO = 16 * 1024;

/**
 * Reads a ClientHello from any pieces and records, and keeps the bytes that it read. Every byte is checked as it arrives, so the
 * reader never waits for the rest of something that cannot become a ClientHello.
 */
export class HelloPieces {
  readonly #received = new Gathering();
  readonly #header = new Uint8Array(RECORD_HEADER);
  #headerLength = 0;
  /** Bytes of the current record that have not arrived yet. */
  #left = 0;
  #records = 0;
  /** The handshake message so far, without record headers. */
  readonly #message = new Gathering();

  /** All bytes that were read. */
  get received(): Buffer {
    return this.#received.bytes;
  }

  /** The number of bytes in memory: those that were read, and the copy of the message in them. */
  get kept(): number {
    return this.#received.length + this.#message.length;
  }

  /**
   * Copies the next bytes. Returns the ClientHello once it is complete, undefined before. Throws a {@link HelloFault}. Must
   * not be called again after either.
   */
  read(bytes: Buffer, start: number, end: number): ClientHello | undefined {
    const before = this.#received.length - start;
    this.#received.add(bytes, start, end);
    for (let at = start; at < end;) {
      at = this.#left === 0 ? this.#readHeader(bytes, at) : this.#readPayload(bytes, at, end);
      if (before + at > LARGEST_HELLO) throw tooLarge();
      if (this.#isComplete()) {
        const { bytes: message } = this.#message;
        return parseClientHello(new Cursor(message, MESSAGE_HEADER, message.length));
      }
    }
    return undefined;
  }

  #readHeader(bytes: Buffer, at: number): number {
    const header = this.#header;
    header[this.#headerLength] = bytes[at]!;
    this.#headerLength += 1;
    this.#checkHeader();
    if (this.#headerLength < RECORD_HEADER) return at + 1;
    this.#headerLength = 0;
    this.#records += 1;
    this.#left = (header[3]! << 8) | header[4]!;
    // Handshake messages have no empty fragments (RFC 8446 section 5.1).
    if (this.#left === 0 || this.#left > LARGEST_RECORD) throw new HelloFault('it has a TLS record of a wrong length');
    return at + 1;
  }

  #checkHeader(): void {
    const [type = 0, major, third] = this.#header;
    if (type !== HANDSHAKE) {
      // An SSLv2 hello begins with a length whose first bit is set, then its type.
      const mayBeOld = this.#records === 0 && type >= 0x80;
      if (mayBeOld && this.#headerLength < 3) return;
      if (mayBeOld && third === CLIENT_HELLO) throw new HelloFault('it begins with an SSLv2 hello');
      throw new HelloFault(
        this.#records === 0 ? 'it does not begin with TLS' : 'its ClientHello is interrupted by another TLS record',
      );
    }
    if (this.#headerLength === 2 && major !== 3) throw new HelloFault('it does not begin with TLS');
  }

  #readPayload(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#left);
    this.#left -= stop - at;
    this.#message.add(bytes, at, stop);
    if (this.#message.bytes[0] !== CLIENT_HELLO) throw new HelloFault('its first TLS message is not a ClientHello');
    return stop;
  }

  #isComplete(): boolean {
    const { length, bytes } = this.#message;
    if (length < MESSAGE_HEADER) return false;
    const needed = MESSAGE_HEADER + bytes.readUIntBE(1, 3);
    if (needed > LARGEST_HELLO) throw tooLarge();
    if (length < needed) return false;
    // A server could act on a second message in the same record instead.
    if (length + this.#left > needed) throw new HelloFault('something follows the ClientHello in its TLS record');
    return true;
  }
}

function tooLarge(): HelloFault {
  return new HelloFault(`its ClientHello is larger than ${LARGEST_HELLO} bytes`);
}
