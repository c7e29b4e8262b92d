import type { ServerConnection } from '../session/server-connection.ts';
import type { SockAddr } from '../base/address.ts';
import { AcceptedClient } from '../clients/accepted-client.ts';
import type { Connection } from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';
import type { ProtocolProxy } from '../clients/protocol-proxy.ts';
import { ServerStream } from '../network/server-stream.ts';
import type { Session } from '../session/session.ts';
import { createStackPair } from '../transport/memory/stack-pair.ts';

/**
 * Stacks `proxy` between the proxy that serves `session` and a server to which that is connected. What the outer proxy
 * writes to the returned connection goes through `proxy` to the server. `proxy` gets a client with the address of the real
 * client and the server as its original destination, and picks up the server connection from `session.serverStream`.
 *
 * Takes over `server`. The caller owns the returned connection: `release` closes it, `destroy` resets it for `proxy`. When
 * one of the two sides ends, the other one does, unless the sessions of `proxy` connect to servers of their own.
 *
 * `failed` is called when a session of `proxy` says that the server has failed it. The session around it may never know, because `proxy` has
 * answered it.
 */
export function stackProxy(
  proxy: ProtocolProxy,
  session: Session,
  server: ServerConnection,
  failed?: (error: ProxyError) => void,
): ServerConnection {
  const { address, peer, scheme, local, listener } = session.client;
  const { remote } = server;
  const closed = (): void => serverStream.close();
  const pair = createStackPair({ client: address, server: remote, local: server.local, closed });
  const lost = proxy.service?.onlyPicksUp === false ? unnoticed : pair.hangUp;
  const serverStream = new ServerStream(session, server, lost, failed);
  const connection = pair.inner;
  try {
    const origin = { connection, address, peer, scheme, local, listener, originalDestination: remote, serverStream };
    proxy.accept(new AcceptedClient(origin));
  } catch (error) {
    pair.outer.destroy();
    pair.inner.destroy();
    throw error;
  }
  return new StackedServer(pair.outer, server, serverStream);
}

function unnoticed(): void {}

/** The connection into the stacked proxy, as the server connection of the outer one. */
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
    // Closed at once, because the next session may pick up the connection that this one had picked up.
    this.#stream.close();
    this.connection.destroy();
  }

  /** With an error, because the stacked proxy must not take a cut message for a client that half-closes. */
  destroy(error: Error = outerEnded(this.remote)): void {
    this.connection.destroy(error);
  }
}

function outerEnded(address: SockAddr): ProxyError {
  return new ProxyError('connection_terminated', 'The session around this one has ended.', { address });
}
