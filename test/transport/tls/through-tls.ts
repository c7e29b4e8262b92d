import type { Connection, Transport } from '@inband/core';
import type { TlsImplementation } from '@inband/tls';
import { afterAll } from 'vitest';
import { contextsOf, release } from './contexts.ts';
import type { Contexts } from './secured.ts';

/** Makes a transport that speaks TLS over another one's connections. For the whole of a file: its contexts are released at the end. */
export function throughTls(tls: TlsImplementation): (transport: Transport) => Transport {
  const contexts = contextsOf({ client: tls, server: tls });
  afterAll(() => release(contexts));
  return (transport) => overTls(tls, contexts, transport);
}

function overTls(tls: TlsImplementation, { server, client }: Contexts, transport: Transport): Transport {
  return {
    name: `TLS by ${tls.name} over ${transport.name}`,
    connect: (remote, options, settle) => {
      let cancel = transport.connect(remote, options, (error, plain) => {
        if (plain === undefined) return settle(error);
        const handshake = tls.connect(plain, client, 'localhost', settle);
        cancel = () => handshake.cancel();
      });
      return () => cancel();
    },
    listen: (bind, options, accept) =>
      transport.listen(bind, options, (plain: Connection) => {
        tls.accept(plain, server, undefined, (_error, secured) => {
          if (secured !== undefined) accept(secured);
        });
      }),
  };
}
