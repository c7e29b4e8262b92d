import type { ProxyError } from '@inband/core';
import type { Handshake, HandshakeStep, HandshakeTarget } from './handshake.ts';
import {
  beyondParent,
  FORBIDDEN,
  loginRefused,
  NO_SUCH_ADDRESS,
  otherProtocol,
  REFUSED,
  type Refusal,
  TOO_SLOW,
  UNAVAILABLE,
  UNROUTABLE,
} from './refusals.ts';
import { socks5Address, socks5AddressLength } from './socks-address.ts';

/** User and password of RFC 1929: 1 to 255 bytes each. */
export interface SocksLogin {
  readonly user: string;
  readonly password: string;
}

const VERSION = 5;
const LOGIN_VERSION = 1;
const CONNECT = 1;

const NO_LOGIN = 0;
const BY_PASSWORD = 2;
const NO_METHOD = 0xff;

/** RFC 1928 section 6. */
const REPLIES: Readonly<Record<number, Refusal>> = {
  1: UNAVAILABLE,
  2: FORBIDDEN,
  3: UNROUTABLE,
  4: UNROUTABLE,
  5: REFUSED,
  6: TOO_SLOW,
  8: NO_SUCH_ADDRESS,
};

/**
 * Where the handshake stands.
 *
 *     method ──▶ login ──▶ reply
 *        └──────────────────▲
 */
type State = 'method' | 'login' | 'reply';

/** CONNECT by SOCKS5 (RFC 1928), with the login of RFC 1929 where there is one. */
export class Socks5Handshake implements Handshake {
  readonly #target: HandshakeTarget;
  readonly #login: SocksLogin | undefined;
  #state: State = 'method';

  constructor(target: HandshakeTarget, login: SocksLogin | undefined) {
    this.#target = target;
    this.#login = login;
  }

  begin(): Uint8Array {
    const methods = this.#login === undefined ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD];
    return Uint8Array.from([VERSION, methods.length, ...methods]);
  }

  read(received: Buffer): HandshakeStep | undefined {
    switch (this.#state) {
      case 'method':
        return this.#readMethod(received);
      case 'login':
        return this.#readLogin(received);
      case 'reply':
        return readReply(received);
    }
  }

  #readMethod(received: Buffer): HandshakeStep | undefined {
    const [version, method] = received;
    if (version !== undefined && version !== VERSION) throw notSocks();
    if (method === undefined) return undefined;
    if (method === NO_LOGIN) return this.#ask();
    if (method === BY_PASSWORD && this.#login !== undefined) {
      this.#state = 'login';
      return { used: 2, send: loginBytes(this.#login) };
    }
    if (method !== NO_METHOD) throw otherProtocol('The parent proxy chose a way to log in that was not offered.');
    throw loginRefused(
      this.#login === undefined
        ? 'The parent proxy asks for a login, and none is configured.'
        : 'The parent proxy takes neither a user with a password nor nobody.',
    );
  }

  #readLogin(received: Buffer): HandshakeStep | undefined {
    const [version, status] = received;
    // Some servers answer with the version of SOCKS.
    if (version !== undefined && version !== LOGIN_VERSION && version !== VERSION) throw notSocks();
    if (status === undefined) return undefined;
    if (status !== 0) throw loginRefused('The parent proxy refused the user or the password.');
    return this.#ask();
  }

  #ask(): HandshakeStep {
    this.#state = 'reply';
    const request = Buffer.concat([Uint8Array.from([VERSION, CONNECT, 0]), socks5Address(this.#target)]);
    return { used: 2, send: request };
  }
}

/** The reply has the address from which the parent connects, which nobody needs. */
function readReply(received: Buffer): HandshakeStep | undefined {
  const [version, reply, , kind, next] = received;
  if (version !== undefined && version !== VERSION) throw notSocks();
  // Some servers close behind the first bytes of a refusal.
  if (reply !== undefined && reply !== 0) throw refusal(reply);
  if (kind === undefined || next === undefined) return undefined;
  const length = socks5AddressLength(kind, next);
  if (length === undefined) throw notSocks();
  const used = 4 + length;
  return received.length < used ? undefined : { used, isDone: true };
}

function refusal(reply: number): ProxyError {
  if (reply === 7) return otherProtocol('The parent proxy does not do CONNECT by SOCKS5 (reply 7).');
  return beyondParent(REPLIES[reply] ?? UNAVAILABLE, `SOCKS5 reply ${reply}`);
}

function loginBytes({ user, password }: SocksLogin): Buffer {
  const parts = [user, password].map((text) => Buffer.from(text, 'utf8'));
  return Buffer.concat([
    Uint8Array.from([LOGIN_VERSION]),
    ...parts.flatMap((part) => [Uint8Array.from([part.length]), part]),
  ]);
}

function notSocks(): ProxyError {
  return otherProtocol('The parent proxy does not speak SOCKS5.');
}
