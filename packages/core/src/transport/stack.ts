import type { SockAddr } from '../address.ts';
import type { ServerConnection } from '../chainer.ts';
import { nextClientId } from '../client-id.ts';
import type { Connection } from '../connection.ts';
import type { ProtocolProxy } from '../protocol-proxy.ts';
import { ServerStream } from '../server-stream.ts';
import type { Session } from '../session.ts';
import { createStackPair } from './stack-pair.ts';

/**
 * Stacks `proxy` between the proxy that serves `session` and a server to which it is connected: what the outer proxy
 * writes to the connection that it gets back goes through `proxy` before it leaves. `proxy` sees a client with the real
 * client's address that was going to the server, and picks the server's side up from `session.serverStream`.
 *
 * Takes `server` over. The caller owns what it gets back; to release it is to close it. When one of both sides ends, the
 * other does.
 */
export function stackProxy(proxy: ProtocolProxy, session: Session, server: ServerConnection): ServerConnection {
  const { address, local, listener } = session.client;
  const { remote } = server;
  const closed = (): void => serverStream.close();
  const pair = createStackPair({ client: address, server: remote, local: server.local, closed });
  const serverStream = new ServerStream(session, server, pair.hangUp);
  const connection = pair.inner;
  const id = nextClientId();
  try {
    proxy.accept({ id, connection, address, local, listener, originalDestination: remote, serverStream });
  } catch (error) {
    pair.outer.destroy();
    pair.inner.destroy();
    throw error;
  }
  return new StackedServer(pair.outer);
}

/** The way into the stacked proxy, for the outer one. */
class StackedServer implements ServerConnection {
  readonly connection: Connection;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  readonly reused = false;

  constructor(connection: Connection) {
    this.connection = connection;
    this.remote = connection.remote;
    this.local = connection.local;
  }

  release(): void {
    this.destroy();
  }

  destroy(error?: Error): void {
    this.connection.destroy(error);
  }
}
