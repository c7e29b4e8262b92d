import type { SockAddr } from '../base/address.ts';
import { AcceptedClient } from './accepted-client.ts';
import { transportChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import type { ConnectionGate } from './connection-gate.ts';
import type {
  Accept,
  DirectConnection,
  Interception,
  SharedSocket,
  SocketFileAccess,
  Transport,
  TransportListener,
} from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';
import type { ProtocolProxy } from './protocol-proxy.ts';
import type { ClientConnection } from '../session/session-view.ts';

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

export interface AdoptedListenerOptions extends Omit<ListenerOptions, 'bind' | 'reusePort' | 'file'> {
  readonly descriptor: number;
  /** See `AdoptOptions.ownsFile`. */
  readonly ownsFile: boolean;
}

/** Accepts clients on one address for one protocol proxy. Seed: Listener. */
export interface Listener {
  /** Gets the next clients. May be another one at any time, when the configuration changes. */
  proxy: ProtocolProxy;
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  /** See `TransportListener.isFileThere`. */
  isFileThere?(): boolean;
  /** See `TransportListener.share`. */
  share?(): SharedSocket;
  /** See `TransportListener.close`. Accepted clients stay connected. */
  close(isHandedOver?: boolean): Promise<void>;
}

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { bind, reusePort = false, transparent, file, gate, onDirect } = options;
  const how = {
    reusePort,
    ...(transparent && { transparent }),
    ...(gate && { gate }),
    ...(file && { file }),
    ...(onDirect && { onDirect }),
  };
  return startListener(options, (accept) => options.transport.listen(bind, how, accept));
}

/** The same on a listening socket that another process has made: see `Transport.adopt`. */
export async function adoptListener(options: AdoptedListenerOptions): Promise<Listener> {
  const { transport, descriptor, ownsFile, transparent, gate, onDirect } = options;
  const how = {
    ownsFile,
    ...(transparent && { transparent }),
    ...(gate && { gate }),
    ...(onDirect && { onDirect }),
  };
  return startListener(options, (accept) => {
    if (transport.adopt !== undefined) return transport.adopt(descriptor, how, accept);
    const why = `The transport "${transport.name}" cannot accept on a socket that another process has made.`;
    throw new ProxyError('proxy_configuration_error', why);
  });
}

type ListenerParts = Pick<ListenerOptions, 'gate' | 'proxy'>;

async function startListener(
  { gate, proxy: first }: ListenerParts,
  listen: (accept: Accept) => Promise<TransportListener>,
): Promise<Listener> {
  const listening = await listen((connection, originalDestination) => {
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
    proxy: first,
    address: listening.address,
    ...(listening.isFileThere && { isFileThere: () => listening.isFileThere?.() === true }),
    ...(listening.share && { share: listening.share.bind(listening) }),
    close: (isHandedOver) => listening.close(isHandedOver),
  };
  return opened;
}

function publishArrival(client: ClientConnection, error: ProxyError | undefined): void {
  const { address, listener } = client;
  const common = { client: client.id, address, listener };
  if (error !== undefined) transportChannel.publish({ event: 'refused', ...common, error: errorFacts(error) });
  else transportChannel.publish({ event: 'accepted', ...common, destination: client.originalDestination });
}
