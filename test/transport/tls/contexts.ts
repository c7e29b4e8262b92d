import { readFileSync } from 'node:fs';
import type { TlsClientOptions, TlsServerOptions } from '@inband/tls';
import type { Contexts, Peers } from './secured.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'latin1');

/** For `localhost`, signed by its own key. */
export const certificate = fixture('localhost.crt');
const identity = { certificate, key: fixture('localhost.key') };

export interface ContextOptions {
  readonly client?: Partial<TlsClientOptions>;
  readonly server?: Partial<TlsServerOptions>;
}

/** Contexts of a client that trusts the server. */
export function contextsOf(peers: Peers, options: ContextOptions = {}): Contexts {
  return {
    client: peers.client.clientContext({ ca: [certificate], ...options.client }),
    server: peers.server.serverContext({ identity, ...options.server }),
  };
}

export function release(contexts: Contexts): void {
  contexts.client.release();
  contexts.server.release();
}
