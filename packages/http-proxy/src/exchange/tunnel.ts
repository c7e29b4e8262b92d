import {
  type Connection,
  iterationTime,
  type LiveSession,
  Relay,
  relayOf,
  releaseServer,
  tellChainer,
  tunnelError,
  type RelayOptions,
  type RelayResult,
  type ServerConnection,
  type SessionBytes,
  type SessionListener,
  type SessionRecord,
  type TimeoutList,
} from '@inband/core';
import type { HttpContext } from '../service/context.ts';
import type { TunnelClient, TunnelOwner } from '../sides/client-side.ts';

/** What is known of a tunnel's session when it begins. */
interface TunnelMaterial extends Pick<
  SessionRecord,
  'session' | 'url' | 'status' | 'wait' | 'reused' | 'repaired' | 'retries'
> {
  /** When its request came, on the clock of `iterationTime`. */
  readonly started: number;
}

/**
 * What is left of an exchange that has become a tunnel. It records the session at its end. It holds nothing else, because thousands of
 * tunnels may be idle. The relay owns both connections.
 */
class Tunnel implements RelayOptions {
  readonly #context: HttpContext;
  readonly #client: TunnelOwner;
  readonly #server: ServerConnection;
  readonly #material: TunnelMaterial;
  readonly bytes: SessionBytes | undefined;

  constructor(
    context: HttpContext,
    client: TunnelOwner,
    server: ServerConnection,
    bytes: SessionBytes | undefined,
    material: TunnelMaterial,
  ) {
    this.bytes = bytes;
    this.#context = context;
    this.#client = client;
    this.#server = server;
    this.#material = material;
  }

  get session(): number {
    return this.#material.session.id;
  }

  /** As an operator sees it. */
  seenIn(relay: Relay): LiveSession {
    const { session, url, status, started } = this.#material;
    const { bytesIn, bytesOut } = relay;
    const kind = status === 101 ? 'upgrade' : 'tunnel';
    return { session, kind, state: 'tunnel', url, started, bytesIn, bytesOut, end: () => relay.end() };
  }

  get idle(): TimeoutList {
    return this.#context.timeouts['tunnel-idle'];
  }

  get halfClose(): TimeoutList {
    return this.#context.timeouts['tunnel-half-close'];
  }

  done(result: RelayResult): void {
    this.bytes?.close();
    releaseServer(this.#server, false, this.#context.logger);
    // What happens in a tunnel is between the client and its server.
    const { session, status, wait, reused } = this.#material;
    tellChainer(session, status, wait, undefined, reused);
    this.#context.limits?.tunnels?.end(session.id);
    const { listener } = this.#context.sessionEnds;
    if (listener !== undefined) this.#record(listener, result);
    this.#client.tunnelClosed();
  }

  #record(listener: SessionListener, result: RelayResult): void {
    const { started, ...known } = this.#material;
    listener({
      ...known,
      kind: 'tunnel',
      bytesIn: result.bytesIn,
      bytesOut: result.bytesOut,
      duration: iterationTime() - started,
      error: tunnelError(result, this.#context.options, 'http'),
      aborted: result.failed === 'client',
    });
  }
}

/** The tunnel of a client's connection, while a relay owns it. */
export function tunnelOf(connection: Connection): LiveSession | undefined {
  const relay = relayOf(connection);
  return relay?.options instanceof Tunnel ? relay.options.seenIn(relay) : undefined;
}

/** Starts a relay, which begins with the bytes that have come already. It owns both connections, also when this throws. */
export function startTunnel(
  context: HttpContext,
  client: TunnelClient,
  server: ServerConnection,
  fromServer: Buffer | undefined,
  bytes: SessionBytes | undefined,
  material: TunnelMaterial,
): void {
  const tunnel = new Tunnel(context, client.owner, server, bytes, material);
  const relay = new Relay(client.connection, server.connection, tunnel);
  relay.start({ fromClient: client.early, fromServer, clientEnded: client.hasEnded });
}
