import { type Connection, createMemoryNetwork, ignoreEvents } from '@inband/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeAuthority, selfSigned, type TestCertificate } from '../../test-support/certificates.ts';
import type {
  TlsClientContext,
  TlsConnection,
  TlsImplementation,
  TlsServerContext,
  TlsServerOptions,
} from '../base/implementation.ts';
import { nodeImplementation } from '../node/node-implementation.ts';
import { opensslImplementation } from './openssl-implementation.ts';

const authority = makeAuthority();
const clients = makeAuthority('Clients');
const others = makeAuthority('Others');
const [web, mine] = [
  authority.issue({ names: ['web.example'] }),
  clients.issue({ names: ['me.example'], usage: 'client' }),
];
const identity = { certificate: web.chain, key: web.key };
const shown = { certificate: mine.chain, key: mine.key };
const tickets = { current: { keys: [Buffer.alloc(80, 7)] } };
const [byClients, byOthers] = [{ ca: [clients.cert] }, { ca: [others.cert] }];

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

interface Met {
  readonly connection: TlsConnection | undefined;
  readonly why: string | undefined;
}

/** What both sides know of each other. If they speak, the client gets bytes, behind which its session is kept. */
async function meet(
  tls: TlsImplementation,
  context: TlsClientContext,
  serverContext: TlsServerContext,
): Promise<{ readonly client: Met; readonly server: Met }> {
  const pair = createMemoryNetwork().connectPair();
  const accepted = Promise.withResolvers<Met>();
  const connected = Promise.withResolvers<Met>();
  tls.accept(pair.server, serverContext, undefined, (error, connection) =>
    accepted.resolve({ connection, why: error?.message }),
  );
  tls.connect(pair.client, context, 'web.example', (error, connection) =>
    connected.resolve({ connection, why: error?.message }),
  );
  const [client, server] = [await connected.promise, await accepted.promise];
  toClose.push(() => client.connection?.destroy());
  toClose.push(() => server.connection?.destroy());
  if (client.connection !== undefined && server.connection !== undefined) {
    await read(client.connection, server.connection);
  }
  return { client, server };
}

async function read(client: Connection, server: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.handler = { ...ignoreEvents, data: () => resolve(), closed: () => resolve() };
  client.resume();
  server.write(Buffer.from('behind the tickets'));
  await promise;
}

const versions = ['1.2', '1.3'] as const;
const cases = [
  { name: 'openssl', tls: opensslImplementation() },
  { name: 'node', tls: nodeImplementation },
].flatMap(({ name, tls }) => versions.map((maxVersion) => ({ name, tls, maxVersion })));

describe.each(cases)('$name, TLS $maxVersion: a session', ({ tls, maxVersion }) => {
  function server(options: Partial<TlsServerOptions> = {}): TlsServerContext {
    const context = tls.serverContext({ identity, tickets, maxVersion, ...options });
    toClose.push(() => context.release());
    return context;
  }

  function client(own?: typeof identity): TlsClientContext {
    const context = tls.clientContext({ ca: [authority.cert], ...(own && { identity: own }) });
    toClose.push(() => context.release());
    return context;
  }

  test.each(['request', 'require'] as const)('is resumed where clients are asked: %s', async (clientAuth) => {
    const [context, asking] = [client(shown), server({ clientAuth, ...byClients })];
    for (const resumed of [false, true]) {
      const { connection, why } = (await meet(tls, context, asking)).server;
      expect({ why, ...connection?.tls }).toMatchObject({ why: undefined, resumed });
      expect(connection?.tls.peer?.names.dns).toEqual(['me.example']);
    }
  });

  if (tls === nodeImplementation) {
    test('ends with the first authority in the chain of any client', async () => {
      const tomorrow = new Date(Date.now() + 86_400_000);
      const short = clients.intermediate('Soon over', { notAfter: tomorrow }).issue({ names: ['me'], usage: 'client' });
      const asking = server({ clientAuth: 'require', ...byClients });
      const [one, other] = [client(shown), client({ certificate: short.chain, key: short.key })];
      const visit = async (context: TlsClientContext) =>
        (await meet(tls, context, asking)).server.connection?.tls.resumed;
      expect([await visit(one), await visit(one), await visit(other), await visit(other)]).toEqual([
        false,
        true,
        false,
        true,
      ]);
      vi.useFakeTimers({ toFake: ['Date'], now: tomorrow.getTime() + 1_000 });
      toClose.push(() => vi.useRealTimers());
      // OpenSSL itself has the real time.
      expect([await visit(other), await visit(one), await visit(one)]).toEqual([false, false, true]);
    });

    test('is resumed only where the chain of its client is known', async () => {
      const context = client(shown);
      const [asking, another] = [1, 2].map(() => server({ clientAuth: 'require', ...byClients }));
      if (asking === undefined || another === undefined) throw new TypeError('Two servers are needed.');
      await meet(tls, context, asking);
      expect((await meet(tls, context, another)).server.connection?.tls.resumed).toBe(false);
    });
  }

  test('is not resumed where other authorities count', async () => {
    const context = client(shown);
    await meet(tls, context, server({ clientAuth: 'require', ...byClients }));
    const { why } = (await meet(tls, context, server({ clientAuth: 'require', ...byOthers }))).server;
    expect(why).toMatch(/^The certificate is not good/);
  });

  test('of a client whose certificate has been revoked since is not resumed', async () => {
    const context = client(shown);
    const asking = (revoked: readonly TestCertificate[]) =>
      server({ clientAuth: 'require', ...byClients, crl: [clients.crl(revoked)] });
    const before = asking([]);
    await meet(tls, context, before);
    expect((await meet(tls, context, before)).server.connection?.tls.resumed).toBe(true);
    const { why } = (await meet(tls, context, asking([mine]))).server;
    expect(why).toMatch(/revoked/);
  });

  test('without a certificate is not resumed where one is required', async () => {
    const context = client();
    await meet(tls, context, server());
    const { why } = (await meet(tls, context, server({ clientAuth: 'require', ...byClients }))).server;
    expect(why).toBe('The peer showed no certificate.');
  });

  test('gives way to a full handshake where a certificate is asked for', async () => {
    const context = client();
    await meet(tls, context, server());
    const { connection } = (await meet(tls, context, server({ clientAuth: 'request', ...byClients }))).server;
    expect(connection?.tls.resumed).toBe(false);
  });

  test('of a client with a certificate that is not good is none', async () => {
    const own = selfSigned({ names: ['me.example'], usage: 'client' });
    const context = client({ certificate: own.chain, key: own.key });
    const asking = server({ clientAuth: 'request', ...byClients });
    for (let time = 0; time < 2; time += 1) {
      expect((await meet(tls, context, asking)).server.why).toMatch(/^The certificate is not good/);
    }
  });

  test('of a server with a certificate that is not good is none', async () => {
    const own = selfSigned({ names: ['web.example'] });
    const [context, bad] = [client(), server({ identity: { certificate: own.chain, key: own.key } })];
    for (let time = 0; time < 2; time += 1) {
      expect((await meet(tls, context, bad)).client.why).toMatch(/^The certificate is not good/);
    }
  });
});
