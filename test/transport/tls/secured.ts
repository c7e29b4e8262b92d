import type { Connection } from '@inband/core';
import type {
  Handshake,
  TlsClientContext,
  TlsConnection,
  TlsHandshakeError,
  TlsImplementation,
  TlsServerContext,
} from '@inband/tls';
import { Probe } from '../probe.ts';
import type { Side } from './wire.ts';
import { Wire } from './wire.ts';

export interface Peers {
  readonly client: TlsImplementation;
  readonly server: TlsImplementation;
}

export interface Contexts {
  readonly client: TlsClientContext;
  readonly server: TlsServerContext;
}

/** How a handshake ended on one side. Undefined while it goes on. */
export interface End {
  readonly error: TlsHandshakeError | undefined;
  readonly probe: Probe | undefined;
  readonly connection: TlsConnection | undefined;
}

/** A handshake over a {@link Wire}, and what became of it on both sides. */
export class Secured {
  readonly wire = new Wire();
  readonly ends: Record<Side, End | undefined> = { client: undefined, server: undefined };
  readonly #handshakes: Record<Side, Handshake>;
  readonly #told = new Map<Side, () => void>();

  constructor({ client, server }: Peers, contexts: Contexts, prepare: (wire: Wire) => void = () => {}) {
    prepare(this.wire);
    const accepting = server.accept(this.wire.server, contexts.server, undefined, (...end) =>
      this.#end('server', ...end),
    );
    const connecting = client.connect(this.wire.client, contexts.client, 'localhost', (...end) =>
      this.#end('client', ...end),
    );
    this.#handshakes = { client: connecting, server: accepting };
  }

  /** Resolves when the handshake has ended on `side`. */
  async end(side: Side): Promise<End> {
    const ended = this.ends[side];
    if (ended !== undefined) return ended;
    await new Promise<void>((resolve) => this.#told.set(side, resolve));
    return this.end(side);
  }

  /** Both ends, or a failure that says which handshake failed. */
  async probes(): Promise<Record<Side, Probe>> {
    const client = await this.end('client');
    const server = await this.end('server');
    if (client.probe === undefined) throw client.error ?? new Error('no client');
    if (server.probe === undefined) throw server.error ?? new Error('no server');
    return { client: client.probe, server: server.probe };
  }

  cancel(side: Side): void {
    this.#handshakes[side].cancel();
  }

  /** Closes whatever is open still. Says which promises about events were broken. */
  async close(): Promise<string[]> {
    this.cancel('client');
    this.cancel('server');
    const probes = Object.values(this.ends).flatMap((end) => end?.probe ?? []);
    for (const probe of probes) probe.destroy();
    this.wire.reset();
    await Promise.all(probes.map((probe) => probe.untilClosed()));
    await this.wire.quiet();
    return probes.flatMap((probe) => probe.violations);
  }

  #end(side: Side, error: TlsHandshakeError | undefined, connection?: TlsConnection): void {
    this.ends[side] = { error, connection, probe: connection && new Probe(connection satisfies Connection) };
    this.#told.get(side)?.();
  }
}
