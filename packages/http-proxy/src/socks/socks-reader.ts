import { SocksReply } from './socks-reply.ts';
import type { SocksVersion } from './socks-version.ts';

/** One message of a client, whole. */
export type SocksMessage =
  /** What it can authenticate by (RFC 1928 section 3). */
  | { readonly kind: 'methods'; readonly offered: readonly number[] }
  /** Its user and its password (RFC 1929), as `user:password`. */
  | { readonly kind: 'login'; readonly userAndPassword: Buffer }
  /** `host` is as the client wrote it: a name, or an address without brackets. */
  | { readonly kind: 'request'; readonly command: number; readonly host: string; readonly port: number }
  /** It cannot be understood. `message` is one sentence for the client's author. */
  | { readonly kind: 'fault'; readonly message: string; readonly reply: SocksReply };

/** Bytes of the longest message: a request of SOCKS 4A with a user and a name of 255 bytes. */
export const LONGEST_MESSAGE = 8 + 256 + 256;

const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

const ADDRESS_BYTES: Readonly<Record<number, number>> = { [IPV4]: 4, [IPV6]: 16 };
/** Before an address: version, command, a zero, the type of the address. */
const BEFORE_ADDRESS = 4;
/** Of the login of RFC 1929, which is no version of SOCKS. */
const LOGIN_VERSION = 1;
const COLON = 0x3a;
/** Of a request of SOCKS 4 before the user: version, command, port, address. */
const BEFORE_USER = 8;

/**
 * Reads what a client says until its tunnel opens, whatever the pieces are in which it comes. Keeps at most {@link LONGEST_MESSAGE} bytes,
 * and takes none that lie behind a message.
 *
 * `read` takes bytes until `message` is set. To read the next message, call `next`.
 */
export class SocksReader {
  readonly version: SocksVersion;
  message: SocksMessage | undefined = undefined;
  #awaits: 'methods' | 'login' | 'request';
  readonly #kept = Buffer.allocUnsafe(LONGEST_MESSAGE);
  #length = 0;

  constructor(version: SocksVersion) {
    this.version = version;
    this.#awaits = version === 5 ? 'methods' : 'request';
  }

  /** Takes bytes of a message from `bytes[start..end)`. Returns the position after those that it took. */
  read(bytes: Buffer, start: number, end: number): number {
    let at = start;
    for (;;) {
      const needed = this.#needed();
      if (needed <= this.#length) break;
      if (at === end) return at;
      const stop = Math.min(at + needed - this.#length, end);
      bytes.copy(this.#kept, this.#length, at, stop);
      this.#length += stop - at;
      at = stop;
    }
    this.message = this.#parse();
    return at;
  }

  /** The methods, or the login, are answered. `awaited` follows. */
  next(awaited: 'login' | 'request'): void {
    this.message = undefined;
    this.#awaits = awaited;
    this.#length = 0;
  }

  /** Bytes that the message has at least. As many as there are if it is complete, or cannot be understood. */
  #needed(): number {
    if (this.#awaits === 'methods') return this.#length < 2 ? 2 : 2 + this.#byte(1);
    if (this.#awaits === 'login') return this.#neededOfLogin();
    return this.version === 5 ? this.#neededOf5() : this.#neededOf4();
  }

  /** RFC 1929 section 2: a version of its own, then two texts with a byte for their length before them. */
  #neededOfLogin(): number {
    if (this.#length < 2) return 2;
    const user = 2 + this.#byte(1);
    return this.#length <= user ? user + 1 : user + 1 + this.#byte(user);
  }

  #neededOf5(): number {
    if (this.#length > 0 && this.#byte(0) !== 5) return this.#length;
    if (this.#length <= BEFORE_ADDRESS) return BEFORE_ADDRESS + 1;
    const type = this.#byte(3);
    const address = type === NAME ? 1 + this.#byte(BEFORE_ADDRESS) : ADDRESS_BYTES[type];
    return address === undefined ? this.#length : BEFORE_ADDRESS + address + 2;
  }

  /** The user ends with a zero, and so does the name where there is one. */
  #neededOf4(): number {
    if (this.#length <= BEFORE_USER) return BEFORE_USER + 1;
    if (this.#length === LONGEST_MESSAGE) return this.#length;
    const userEnd = this.#zeroFrom(BEFORE_USER);
    const isWhole = userEnd >= 0 && (!this.#isNamed4 || this.#zeroFrom(userEnd + 1) >= 0);
    return isWhole ? this.#length : this.#length + 1;
  }

  /** An address 0.0.0.x that is not 0.0.0.0 says that a name follows (SOCKS 4A). */
  get #isNamed4(): boolean {
    return this.#byte(4) === 0 && this.#byte(5) === 0 && this.#byte(6) === 0 && this.#byte(7) !== 0;
  }

  #parse(): SocksMessage {
    if (this.#awaits === 'methods') return { kind: 'methods', offered: [...this.#kept.subarray(2, this.#length)] };
    if (this.#awaits === 'login') return this.#login();
    return this.version === 5 ? this.#request5() : this.#request4();
  }

  #login(): SocksMessage {
    if (this.#byte(0) !== LOGIN_VERSION) return fault('The login of SOCKS 5 does not begin with its version, 1.');
    const user = 2 + this.#byte(1);
    const name = this.#kept.subarray(2, user);
    if (name.includes(COLON)) return fault('The user of the login holds a colon, which no user has.');
    const userAndPassword = Buffer.concat([name, Buffer.of(COLON), this.#kept.subarray(user + 1, this.#length)]);
    this.#kept.fill(0);
    return { kind: 'login', userAndPassword };
  }

  #request5(): SocksMessage {
    if (this.#byte(0) !== 5) return fault('A request of SOCKS 5 does not begin with the version.');
    const type = this.#byte(3);
    const [start, end] = [BEFORE_ADDRESS, this.#length - 2];
    const address = this.#kept.subarray(start, end);
    const host =
      type === IPV4
        ? address.join('.')
        : type === IPV6
          ? groups(address)
          : type === NAME
            ? nameIn(address.subarray(1))
            : undefined;
    if (host !== undefined) return this.#request(host, this.#kept.readUInt16BE(end));
    if (type === NAME) return BAD_NAME;
    return fault('The type of the address is none of IPv4, IPv6 and name.', SocksReply.addressTypeNotSupported);
  }

  #request4(): SocksMessage {
    const port = this.#kept.readUInt16BE(2);
    const userEnd = this.#zeroFrom(BEFORE_USER);
    const isNamed = this.#isNamed4;
    if (userEnd < 0 || (isNamed && this.#kept[this.#length - 1] !== 0)) {
      return fault('The user, or the name, is longer than 255 bytes.');
    }
    if (!isNamed) return this.#request(this.#kept.subarray(4, BEFORE_USER).join('.'), port);
    const host = nameIn(this.#kept.subarray(userEnd + 1, this.#length - 1));
    return host === undefined ? BAD_NAME : this.#request(host, port);
  }

  #request(host: string, port: number): SocksMessage {
    return { kind: 'request', command: this.#byte(1), host, port };
  }

  #byte(index: number): number {
    return this.#kept[index] ?? 0;
  }

  /** The position of the first zero at or behind `index`, or -1. */
  #zeroFrom(index: number): number {
    return this.#kept.subarray(0, this.#length).indexOf(0, index);
  }
}

function fault(message: string, reply: SocksReply = SocksReply.failure): SocksMessage {
  return { kind: 'fault', message, reply };
}

const BAD_NAME = fault('The name is empty, or holds a byte that no name has.');

/** Undefined for what cannot stand on a request line. */
function nameIn(bytes: Buffer): string | undefined {
  const isPrintable = bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f);
  return isPrintable ? bytes.toString('latin1') : undefined;
}

/** An IPv6 address as text, not shortened. */
function groups(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(':');
}
