import type { ClientConnection, ClientTls, Connection, OuterServer, SockAddr } from '@inband/core';
import type { SocksVersion } from './socks-version.ts';

/** A client that turned out to speak SOCKS. */
export class SocksClient implements ClientConnection {
  readonly protocol: 'socks4' | 'socks5';
  readonly #accepted: ClientConnection;

  constructor(accepted: ClientConnection, version: SocksVersion) {
    this.protocol = version === 5 ? 'socks5' : 'socks4';
    this.#accepted = accepted;
  }

  get id(): number {
    return this.#accepted.id;
  }

  get connection(): Connection {
    return this.#accepted.connection;
  }

  get address(): SockAddr {
    return this.#accepted.address;
  }

  get peer(): SockAddr | undefined {
    return this.#accepted.peer;
  }

  get local(): SockAddr {
    return this.#accepted.local;
  }

  get listener(): SockAddr {
    return this.#accepted.listener;
  }

  get originalDestination(): SockAddr | undefined {
    return this.#accepted.originalDestination;
  }

  get serverStream(): OuterServer | undefined {
    return this.#accepted.serverStream;
  }

  get tls(): ClientTls | undefined {
    return this.#accepted.tls;
  }
}
