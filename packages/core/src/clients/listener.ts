import type { SockAddr } from '../base/address.ts';
import { AcceptedClient } from './accepted-client.ts';
import { transportChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import type { ConnectionGate } from './connection-gate.ts';
import type { DirectConnection, Interception, SocketFileAccess, Transport } from '../base/connection.ts';
import type { ProxyError } from '../base/errors.ts';
import type { ProtocolProxy } from './protocol-proxy.ts';
import type { ClientConnection } from '../session/session.ts';

export interface ListenerOptions {
  readonly transport: Transport;
  readonly bind: SockAddr;
  /** See `ListenOptions.reusePort`. */
  readonly reusePort?: boolean;
  /** See `ListenOptions.transparent`. */
  readonly transparent?: Interception | undefined;
  /** Counts clients, and refuses those beyond the limits. */
  readonly gate?: ConnectionGate | undefined;
  /** See `ListenOptions.file`. */
  readonly file?: SocketFileAccess | undefined;
  /** See `ListenOptions.onDirect`. */
  readonly onDirect?: ((direct: DirectConnection) => void) | undefined;
  /** Gets accepted clients, and owns them. */
  readonly proxy: ProtocolProxy;
}

/** Accepts clients on one address for one protocol proxy. Seed: Listener. */
export interface Listener {
  /** Gets the next clients. May be another one at any time, when the configuration changes. */
  proxy: ProtocolProxy;
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  /** See `TransportListener.isFileThere`. */
  isFileThere?(): boolean;
  /** Accepts the clients in the kernel's queue, then stops. Accepted clients stay connected. */
  close(): Promise<void>;
}

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { transport, bind, reusePort = false, transparent, file, gate, onDirect } = options;
  const how = {
    reusePort,
    ...(transparent && { transparent }),
    ...(gate && { gate }),
    ...(file && { file }),
    ...(onDirect && { onDirect }),
  };
  const listening = await transport.listen(bind, how, (connection, originalDestination) => {
    const { remote: address, local } = connection;
    const { proxy } = opened;
    const { address: listener } = listening;
    const client = new AcceptedClient({ connection, address, local, listener, originalDestination });
    const refusal = gate?.refusal(connection);
    if (transportChannel.hasSubscribers) publishArrival(client, refusal?.error);
    if (refusal === undefined) proxy.accept(client);
    else if (refusal.mayAnswer && proxy.refuse !== undefined) proxy.refuse(client, refusal.error);
    else connection.destroy(refusal.error);
  });
  const opened: Listener = {
    proxy: options.proxy,
    address: listening.address,
    ...(listening.isFileThere && { isFileThere: () => listening.isFileThere?.() === true }),
    close: () => listening.close(),
  };
  return opened;
}

function publishArrival(client: ClientConnection, error: ProxyError | undefined): void {
  const { address, listener } = client;
  const common = { client: client.id, address, listener };
  if (error !== undefined) transportChannel.publish({ event: 'refused', ...common, error: errorFacts(error) });
  else transportChannel.publish({ event: 'accepted', ...common, destination: client.originalDestination });
}
