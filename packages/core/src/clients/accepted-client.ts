import type { SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import type { ClientTls } from '../policy/client-tls.ts';
import type { ClientConnection, OuterServer } from '../session/session-view.ts';

let lastId = 0;

/** Where an accepted client comes from. */
export interface ClientOrigin {
  readonly connection: Connection;
  readonly address: SockAddr;
  readonly peer?: SockAddr | undefined;
  readonly scheme?: 'http' | 'https' | undefined;
  readonly local: SockAddr;
  readonly listener: SockAddr;
  readonly originalDestination?: SockAddr | undefined;
  readonly serverStream?: OuterServer | undefined;
  readonly tls?: ClientTls | undefined;
  readonly at?: number | undefined;
  /** See `ClientConnection.takeReceived`. */
  readonly received?: Buffer;
}

/** A client connection that a listener, or an outer proxy, passes to a protocol proxy. Read-only, as its sessions are. */
export class AcceptedClient implements ClientConnection {
  readonly #id: number = ++lastId;
  readonly #connection: Connection;
  readonly #address: SockAddr;
  readonly #peer: SockAddr | undefined;
  readonly #scheme: 'http' | 'https' | undefined;
  readonly #local: SockAddr;
  readonly #listener: SockAddr;
  readonly #originalDestination: SockAddr | undefined;
  readonly #serverStream: OuterServer | undefined;
  readonly #tls: ClientTls | undefined;
  readonly #at: number | undefined;
  #received: Buffer | undefined;

  constructor({
    connection,
    address,
    peer,
    scheme,
    local,
    listener,
    originalDestination,
    serverStream,
    tls,
    at,
    received,
  }: ClientOrigin) {
    this.#connection = connection;
    this.#address = address;
    this.#peer = peer;
    this.#scheme = scheme;
    this.#local = local;
    this.#listener = listener;
    this.#originalDestination = originalDestination;
    this.#serverStream = serverStream;
    this.#tls = tls;
    this.#at = at;
    this.#received = received;
  }

  /** Unique in this process. */
  get id(): number {
    return this.#id;
  }

  get connection(): Connection {
    return this.#connection;
  }

  get address(): SockAddr {
    return this.#address;
  }

  get peer(): SockAddr | undefined {
    return this.#peer;
  }

  get scheme(): 'http' | 'https' | undefined {
    return this.#scheme;
  }

  get local(): SockAddr {
    return this.#local;
  }

  get listener(): SockAddr {
    return this.#listener;
  }

  get originalDestination(): SockAddr | undefined {
    return this.#originalDestination;
  }

  get serverStream(): OuterServer | undefined {
    return this.#serverStream;
  }

  takeReceived(): Buffer | undefined {
    const received = this.#received;
    this.#received = undefined;
    return received;
  }

  get tls(): ClientTls | undefined {
    return this.#tls;
  }

  get at(): number | undefined {
    return this.#at;
  }
}
