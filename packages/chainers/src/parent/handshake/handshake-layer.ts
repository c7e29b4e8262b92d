import {
  type Connection,
  type ConnectionHandler,
  type ConnectionLayer,
  ignoreEvents,
  type MaybePromise,
  ProxyError,
  toProxyError,
} from '@inband/core';
import type { Handshake } from './handshake.ts';
import { UnreadConnection } from './unread-connection.ts';
import { MOST_HEAD } from './response-head.ts';

/** The most bytes that may wait for the rest of a step: of any that is longer no handshake makes use. */
const MOST_WAITING = MOST_HEAD + 64 * 1024;

/** A layer that asks a parent for a connection to a target. `id` says which, and with which login. */
export function handshakeLayer(id: string, begin: () => MaybePromise<Handshake>): ConnectionLayer {
  return {
    id,
    async wrap(connection) {
      try {
        return await performHandshake(connection, await begin());
      } catch (error) {
        connection.destroy();
        throw toProxyError(error);
      }
    },
  };
}

/**
 * Performs a handshake on `connection`, and gives the connection back, paused: what came behind the handshake is delivered first. Rejects
 * if the parent refuses or closes; then the connection is still the caller's to destroy. Whoever waits bounds the wait.
 */
export function performHandshake(connection: Connection, handshake: Handshake): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const performing = new Performing(connection, handshake, resolve, reject);
    connection.handler = performing;
    connection.write(handshake.begin());
    connection.resume();
  });
}

const NOTHING = Buffer.alloc(0);

class Performing implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  readonly #resolve: (connection: Connection) => void;
  readonly #reject: (error: ProxyError) => void;
  #received: Buffer = NOTHING;

  constructor(
    connection: Connection,
    handshake: Handshake,
    resolve: (connection: Connection) => void,
    reject: (error: ProxyError) => void,
  ) {
    this.#connection = connection;
    this.#handshake = handshake;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.#received = Buffer.concat([this.#received, bytes.subarray(start, end)]);
    try {
      this.#advance();
    } catch (error) {
      this.#fail(toProxyError(error));
    }
  }

  drained(): void {}

  ended(): void {
    this.#fail(this.#closedEarly(undefined));
  }

  closed(error?: Error): void {
    this.#fail(this.#closedEarly(error));
  }

  #advance(): void {
    for (;;) {
      const step = this.#handshake.read(this.#received);
      if (step === undefined) break;
      this.#received = this.#received.subarray(step.used);
      if (step.send !== undefined) this.#connection.write(step.send);
      if (step.isDone === true) return this.#finish();
    }
    if (this.#received.length <= MOST_WAITING) return;
    throw new ProxyError('http_response_header_section_size', 'The answer of the parent proxy is too long.');
  }

  #finish(): void {
    const connection = this.#connection;
    connection.pause();
    connection.handler = ignoreEvents;
    this.#resolve(this.#received.length === 0 ? connection : new UnreadConnection(connection, this.#received));
  }

  #fail(error: ProxyError): void {
    this.#connection.pause();
    this.#connection.handler = ignoreEvents;
    this.#reject(error);
  }

  #closedEarly(cause: Error | undefined): ProxyError {
    const message = 'The parent proxy closed the connection instead of opening a tunnel.';
    return new ProxyError('connection_terminated', message, { address: this.#connection.remote, cause });
  }
}
