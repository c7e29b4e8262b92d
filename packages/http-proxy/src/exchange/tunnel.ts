import {
  releaseServer,
  tunnelError,
  iterationTime,
  type TimeoutList,
  type RelayOptions,
  type RelayResult,
  type ServerConnection,
  type SessionRecord,
} from '@inband/core';
import type { ClientSide } from '../client/client-side.ts';

/** What is known of a tunnel's session when it begins. */
export interface TunnelMaterial extends Pick<
  SessionRecord,
  'session' | 'url' | 'status' | 'wait' | 'reused' | 'repaired'
> {
  /** When its request came, on the clock of `iterationTime`. */
  readonly begun: number;
}

/**
 * What is left of an exchange once it has become a tunnel: it sees to the end. Thousands of these may be idle, so it holds
 * no more than that takes. The relay owns both connections.
 */
export class Tunnel implements RelayOptions {
  readonly #client: ClientSide;
  readonly #server: ServerConnection;
  readonly #material: TunnelMaterial;

  constructor(client: ClientSide, server: ServerConnection, material: TunnelMaterial) {
    this.#client = client;
    this.#server = server;
    this.#material = material;
  }

  get session(): number {
    return this.#material.session.id;
  }

  get idle(): TimeoutList {
    return this.#client.context.waits.tunnelIdle;
  }

  get halfClose(): TimeoutList {
    return this.#client.context.waits.tunnelHalfClose;
  }

  done(result: RelayResult): void {
    const { context } = this.#client;
    const { begun, ...known } = this.#material;
    releaseServer(this.#server, false, context.logger);
    context.onSession?.({
      ...known,
      kind: 'tunnel',
      bytesIn: result.bytesIn,
      bytesOut: result.bytesOut,
      duration: iterationTime() - begun,
      error: tunnelError(result, context.options, 'http'),
      aborted: result.failed === 'client',
    });
    this.#client.tunnelClosed();
  }
}
