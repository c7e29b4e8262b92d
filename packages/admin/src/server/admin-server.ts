import type { FastifyServerFactory } from 'fastify';
import { createServer } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { Access } from '../access/access.ts';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import type { AdminOptions, TlsOptions } from '../base/options.ts';
import type { ProxyState } from '../base/state.ts';

/** Connections at one time. Further ones are closed at once. */
const MOST_CONNECTIONS = 256;
/** Milliseconds for a request to arrive, from its first byte. */
const REQUEST_TIMEOUT = 10_000;
/** Milliseconds for a connection between two requests. */
const KEEP_ALIVE = 30_000;
const MIN_TLS = 'TLSv1.2';

/** An admin server that listens. */
export interface AdminServer {
  /** `127.0.0.1:9901`, `unix:/path`. */
  readonly address: string;
  /** Who may ask, and the certificate, from now on. The address stays. */
  configure(options: Pick<AdminOptions, 'access' | 'tls'>): void;
  /** Refuses these tokens from now on, by their names, and no others. */
  revoke(names: readonly string[]): void;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** Starts the admin server. Rejects if it cannot listen. */
export async function startAdminServer(state: ProxyState, options: AdminOptions): Promise<AdminServer> {
  const access = new Access(options.access, state);
  let tlsServer: TlsServer | undefined;
  const serverFactory: FastifyServerFactory = (handler) => {
    const server =
      options.tls === undefined ? createServer(handler) : (tlsServer = createTlsServer(secure(options.tls), handler));
    server.maxConnections = MOST_CONNECTIONS;
    server.requestTimeout = REQUEST_TIMEOUT;
    server.keepAliveTimeout = KEEP_ALIVE;
    return server;
  };
  const app = await createApp({ state, access, serverFactory });
  const { address, unlink } = await listen(app, options.listen).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  return {
    address,
    configure({ access: changed, tls }) {
      access.configure(changed);
      if (tls !== undefined) tlsServer?.setSecureContext(secure(tls));
    },
    revoke: (names) => access.revoke(names),
    close: async () => {
      await app.close();
      await unlink();
    },
  };
}

function secure({ cert, key }: TlsOptions) {
  return { cert, key, minVersion: MIN_TLS } as const;
}
