import { type ClientHello, parseClientHello } from './client-hello.ts';
import { Gathering } from './gathering.ts';
import { HelloFault } from './hello-fault.ts';

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** RFC 8446 section 5.1. */
const LARGEST_RECORD = 2 ** 14;
/** Bytes that may be read before the message is complete, record headers included. */
export const LARGEST_HELLO = 16 * 1024;

/**
 * Reads the first message of a TLS connection, however it is cut into pieces and records, and keeps what it read.
 * It decides on every byte as it comes, so nothing that cannot become a ClientHello is waited for.
 */
export class HelloReader {
  #received = new Gathering();
  readonly #header = new Uint8Array(RECORD_HEADER);
  #headerLength = 0;
  /** Bytes of the current record that have not come yet. */
  #left = 0;
  #records = 0;
  /** The handshake message so far, out of its records. */
  #message = new Gathering();

  /** Gives everything that was fed to it, and keeps nothing of it: a tunnel may last for long. */
  takeReceived(): Buffer {
    const { bytes } = this.#received;
    this.#received = new Gathering();
    this.#message = new Gathering();
    return bytes;
  }

  /** Bytes that it keeps for now: what came, and the message in it. */
  get kept(): number {
    return this.#received.length + this.#message.length;
  }

  /** Whether anything was. */
  get begun(): boolean {
    return this.#received.length > 0;
  }

  /**
   * Takes the next bytes; they are copied. Gives the message once it is complete, undefined before. Throws a
   * {@link HelloFault}. Not to be called again after either.
   */
  read(bytes: Buffer, start: number, end: number): ClientHello | undefined {
    const before = this.#received.length - start;
    this.#received.add(bytes, start, end);
    for (let at = start; at < end;) {
      at = this.#left === 0 ? this.#readHeader(bytes, at) : this.#readPayload(bytes, at, end);
      if (before + at > LARGEST_HELLO) throw tooLarge();
      if (this.#isComplete()) return parseClientHello(this.#message.bytes.subarray(MESSAGE_HEADER));
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
    // RFC 8446 section 5.1: no handshake message has empty fragments.
    if (this.#left === 0 || this.#left > LARGEST_RECORD) throw new HelloFault('it has a TLS record of a wrong length');
    return at + 1;
  }

  #checkHeader(): void {
    const [type = 0, major, third] = this.#header;
    if (type !== HANDSHAKE) {
      // The record of an SSLv2 hello: a length with the first bit set, then its type.
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
    // A second message there could be the one that the server acts on.
    if (length + this.#left > needed) throw new HelloFault('something follows the ClientHello in its TLS record');
    return true;
  }
}

function tooLarge(): HelloFault {
  return new HelloFault(`its ClientHello is larger than ${LARGEST_HELLO} bytes`);
}
