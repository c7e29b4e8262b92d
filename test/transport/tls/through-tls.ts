import { readFileSync } from 'node:fs';
import type { Connection, Transport } from '@inband/core';
import type { TlsClientContext, TlsImplementation, TlsServerContext } from '@inband/tls';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'latin1');
const certificate = fixture('localhost.crt');
const key = fixture('localhost.key');

/** Makes a transport that speaks TLS over another one's connections. */
export function throughTls(tls: TlsImplementation): (transport: Transport) => Transport {
  const server = tls.serverContext({ identity: { certificate, key } });
  const client = tls.clientContext({ ca: [certificate] });
  return (transport) => overTls(tls, { server, client }, transport);
}

interface Contexts {
  readonly server: TlsServerContext;
  readonly client: TlsClientContext;
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
