import { BeyondParentError, parseIp, type ProxyError } from '@inband/core';
import type { Handshake, HandshakeStep, HandshakeTarget } from './handshake.ts';
import { beyondParent, loginRefused, otherProtocol, UNAVAILABLE } from './refusals.ts';
import { nameBytes, portBytes } from './socks-address.ts';

const VERSION = 4;
const CONNECT = 1;
const REPLY_LENGTH = 8;

const GRANTED = 90;
const REJECTED = 91;
/** The server asked the client's identd, which did not answer, or named another user. */
const NO_IDENT = 92;
const OTHER_USER = 93;

/** An address that says that a name follows. */
const NAME_FOLLOWS = [0, 0, 0, 1];

/** CONNECT by SOCKS4, with a name by SOCKS4A. There are no passwords. */
export class Socks4aHandshake implements Handshake {
  readonly #target: HandshakeTarget;
  readonly #user: string;

  constructor(target: HandshakeTarget, user: string) {
    this.#target = target;
    this.#user = user;
  }

  begin(): Uint8Array {
    const { host, port } = this.#target;
    const address = addressOf(host);
    const name = address === undefined ? [nameBytes(host), Uint8Array.from([0])] : [];
    return Buffer.concat([
      Uint8Array.from([VERSION, CONNECT]),
      portBytes(port),
      address ?? Uint8Array.from(NAME_FOLLOWS),
      Buffer.from(`${this.#user}\0`, 'utf8'),
      ...name,
    ]);
  }

  read(received: Buffer): HandshakeStep | undefined {
    const [zero, reply] = received;
    // Some servers answer with their own version.
    if (zero !== undefined && zero !== 0 && zero !== VERSION) throw notSocks();
    if (reply === undefined) return undefined;
    if (reply !== GRANTED) throw refusal(reply);
    return received.length < REPLY_LENGTH ? undefined : { used: REPLY_LENGTH, isDone: true };
  }
}

/** The address that stands in the request; undefined where a name does, and 0.0.0.x says that one follows. */
function addressOf(host: string): Uint8Array | undefined {
  const address = parseIp(host);
  if (address === undefined || address.subarray(0, 3).every((byte) => byte === 0)) return undefined;
  if (address.length === 4) return address;
  const message = 'SOCKS4A knows no IPv6 addresses: use socks5.';
  throw new BeyondParentError('destination_ip_unroutable', message, { setting: 'chainer.protocol' });
}

function refusal(reply: number): ProxyError {
  if (reply === NO_IDENT || reply === OTHER_USER) {
    return loginRefused(`The parent proxy does not accept the user (SOCKS4 reply ${reply}).`);
  }
  if (reply === REJECTED) return beyondParent(UNAVAILABLE, `SOCKS4 reply ${reply}: forbidden or not reachable`);
  return notSocks();
}

function notSocks(): ProxyError {
  return otherProtocol('The parent proxy does not speak SOCKS4.');
}
