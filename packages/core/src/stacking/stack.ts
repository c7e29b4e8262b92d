import type { ServerConnection } from '../session/server-connection.ts';
import type { SockAddr } from '../base/address.ts';
import { nextClientId } from '../clients/client-id.ts';
import type { Connection } from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';
import type { ProtocolProxy } from '../clients/protocol-proxy.ts';
import { ServerStream } from '../network/server-stream.ts';
import type { Session } from '../session/session.ts';
import { createStackPair } from '../transport/memory/stack-pair.ts';

/**
 * Stacks `proxy` between the proxy that serves `session` and a server to which it is connected: what the outer proxy
 * writes to the connection that it gets back goes through `proxy` before it leaves. `proxy` sees a client with the real
 * client's address that was going to the server, and picks the server's side up from `session.serverStream`.
 *
 * Takes `server` over. The caller owns what it gets back; to release it is to close it, to destroy it is a reset for
 * `proxy`. When one of both sides ends, the other does, unless the sessions of `proxy` have servers of their own.
 */
export function stackProxy(proxy: ProtocolProxy, session: Session, server: ServerConnection): ServerConnection {
  const { address, local, listener } = session.client;
  const { remote } = server;
  const closed = (): void => serverStream.close();
  const pair = createStackPair({ client: address, server: remote, local: server.local, closed });
  const lost = proxy.service?.onlyPicksUp === false ? unnoticed : pair.hangUp;
  const serverStream = new ServerStream(session, server, lost);
  const connection = pair.inner;
  const id = nextClientId();
  try {
    proxy.accept({ id, connection, address, local, listener, originalDestination: remote, serverStream });
  } catch (error) {
    pair.outer.destroy();
    pair.inner.destroy();
    throw error;
  }
  return new StackedServer(pair.outer, server, serverStream);
}

function unnoticed(): void {}

/** The way into the stacked proxy, for the outer one. */
class StackedServer implements ServerConnection {
  readonly connection: Connection;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  readonly reused: boolean;
  readonly irreplaceable: boolean;
  readonly #stream: ServerStream;

  constructor(connection: Connection, server: ServerConnection, stream: ServerStream) {
    this.connection = connection;
    this.remote = connection.remote;
    this.local = connection.local;
    this.reused = server.reused;
    this.irreplaceable = server.irreplaceable === true;
    this.#stream = stream;
  }

  release(): void {
    // At once: the next session may pick up what this one had picked up.
    this.#stream.close();
    this.connection.destroy();
  }

  /** What is thrown away ends within a message: the stacked proxy must not take that for a client that half-closes. */
  destroy(error: Error = thrownAway(this.remote)): void {
    this.connection.destroy(error);
  }
}

function thrownAway(address: SockAddr): ProxyError {
  return new ProxyError('connection_terminated', 'The session around this one has ended.', { address });
}
