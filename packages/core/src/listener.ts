import type { SockAddr } from './address.ts';
import { nextClientId } from './client-id.ts';
import type { Connection, Transport } from './connection.ts';
import type { ProtocolProxy } from './protocol-proxy.ts';
import type { ClientConnection } from './session.ts';

export interface ListenerOptions {
  readonly transport: Transport;
  readonly bind: SockAddr;
  /** See `ListenOptions.reusePort`. */
  readonly reusePort?: boolean;
  /** Where accepted clients go; it owns them. */
  readonly proxy: ProtocolProxy;
}

/** Accepts clients on one address for one protocol proxy. Seed: Listener. */
export interface Listener {
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  /** Stops accepting; accepted clients live on. */
  close(): Promise<void>;
}

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { transport, bind, proxy, reusePort = false } = options;
  const listening = await transport.listen(bind, { reusePort }, (connection) =>
    proxy.accept(clientOf(connection, listening.address)),
  );
  return listening;
}

function clientOf(connection: Connection, listener: SockAddr): ClientConnection {
  return { id: nextClientId(), connection, address: connection.remote, local: connection.local, listener };
}
