import { createMemoryNetwork, type FilterRequest } from '@inband/core';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { expect, test, vi } from 'vitest';
import type { ConfigInput, FilterInput } from '../config/input/config-input.ts';
import { createInband } from './inband.ts';
import type { Inband, InbandOptions } from './embedding.ts';

const client = { family: 'inet', address: '192.0.2.7', port: 40_000 } as const;

async function running(
  use: (inband: Inband) => Promise<void>,
  { limits, filters }: { readonly limits?: ConfigInput['limits']; readonly filters?: FilterInput[] } = {},
  options: InbandOptions = {},
): Promise<void> {
  const network = createMemoryNetwork();
  const inband = await createInband(
    {
      listeners: [{ bind: '127.0.0.1:3128', service: 'web' }],
      ...(limits && { limits }),
      services: {
        web: {
          mode: 'reverse',
          access: [{ deny: { clients: '192.0.2.66' } }],
          routes: [{ respond: { status: 200, body: 'hello' } }],
          ...(filters && { filters }),
        },
      },
    },
    { transport: network.transport(), ...options },
  );
  await use(inband);
  await inband.close({ grace: 0 });
}

/** What has been read of a stream. */
function reading(stream: Duplex): { text: string } {
  const read = { text: '' };
  stream.on('data', (chunk: Buffer) => (read.text += chunk.toString()));
  stream.on('error', () => undefined);
  return read;
}

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';

test('a stream of the program is served as a client is, under the address that the program says', async () => {
  const seen: FilterRequest[] = [];
  await running(
    async (inband) => {
      const [ours, theirs] = duplexPair();
      const id = inband.accept(theirs, { service: 'web', client });
      const read = reading(ours);
      ours.write(GET);
      await vi.waitFor(() => expect(read.text).toMatch(/^HTTP\/1\.1 200 OK[^]*hello$/));
      expect(seen[0]?.client).toEqual({ id, address: client, zone: 'reserved' });
      expect(inband.connections()).toMatchObject([
        { id, address: client, service: 'web', session: undefined, bytes: undefined },
      ]);
      ours.end();
      await vi.waitFor(() => expect(inband.connections()).toEqual([]));
    },
    { filters: [{ onRequest: (request) => void seen.push(request) }] },
  );
});

test('rules see the address that the program says', async () => {
  await running(async (inband) => {
    const [ours, theirs] = duplexPair();
    inband.accept(theirs, { service: 'web', client: { ...client, address: '192.0.2.66' } });
    const read = reading(ours);
    ours.write(GET);
    await vi.waitFor(() => expect(read.text).toMatch(/^HTTP\/1\.1 403 /));
    ours.end();
  });
});

test('bytes of connections are counted where the program wants to know them, and one is closed by its id', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await running(
    async (inband) => {
      const [ours, theirs] = duplexPair();
      const id = inband.accept(theirs, { service: 'web', client });
      const read = reading(ours);
      ours.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
      const shown = () => inband.connections().map(({ bytes, session }) => [bytes, session?.method]);
      await vi.waitFor(() => expect(shown()).toEqual([[{ in: 3, out: 0 }, 'POST']]));
      resolve();
      await vi.waitFor(() => expect(read.text).toContain('hello'));
      await vi.waitFor(() => expect(shown()).toEqual([[{ in: 3, out: 0 }, undefined]]));
      expect(inband.closeConnection(id + 1_000)).toBe(false);
      expect(inband.closeConnection(id)).toBe(true);
      expect(theirs.destroyed).toBe(true);
      expect(inband.connections()).toEqual([]);
    },
    { filters: [{ requestBody: 'buffer', onRequest: () => promise }] },
    { countBytes: true },
  );
});

test('a socket says by itself where it is', async () => {
  const { server, sockets } = await accepting();
  await running(async (inband) => {
    const ours = connect((server.address() as { port: number }).port, '127.0.0.1');
    const theirs = await sockets();
    inband.accept(theirs, { service: 'web' });
    const read = reading(ours);
    ours.write(GET);
    await vi.waitFor(() => expect(read.text).toContain('hello'));
    expect(inband.connections()[0]?.address).toEqual({ family: 'inet', address: '127.0.0.1', port: ours.localPort });
    inband.connections()[0]?.close();
    await once(ours, 'close');
  });
  server.close();
});

async function accepting(): Promise<{ readonly server: Server; readonly sockets: () => Promise<Socket> }> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, resolve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, sockets: () => promise };
}

test('limits count it, as the connections of listeners', async () => {
  await running(
    async (inband) => {
      const pairs = [duplexPair(), duplexPair()];
      for (const [, theirs] of pairs) inband.accept(theirs, { service: 'web', client });
      const [first, second] = pairs.map(([ours]) => reading(ours));
      for (const [ours] of pairs) ours.write(GET);
      await vi.waitFor(() =>
        expect([first?.text, second?.text]).toEqual([
          expect.stringContaining('200 OK'),
          expect.stringContaining('503'),
        ]),
      );
      for (const [ours] of pairs) ours.end();
      await vi.waitFor(() => expect(inband.connections()).toEqual([]));
      const [ours, theirs] = duplexPair();
      inband.accept(theirs, { service: 'web', client });
      const third = reading(ours);
      ours.write(GET);
      await vi.waitFor(() => expect(third.text).toContain('200 OK'));
      ours.end();
    },
    { limits: { connections: 1 } },
  );
});

test('an address is that of its canonical form, whatever it is written as', async () => {
  await running(async (inband) => {
    const [ours, theirs] = duplexPair();
    inband.accept(theirs, { service: 'web', client: { family: 'inet6', address: '::FFFF:c000:0242', port: 1 } });
    expect(inband.connections()[0]?.address).toEqual({ family: 'inet', address: '192.0.2.66', port: 1 });
    const answer = reading(ours);
    ours.write(GET);
    await vi.waitFor(() => expect(answer.text).toMatch(/^HTTP\/1\.1 403 /));
    ours.destroy();
  });
});

test("what cannot be accepted stays the program's", async () => {
  let last: Inband | undefined;
  const [, stream] = duplexPair();
  await running(async (inband) => {
    last = inband;
    expect(() => inband.accept(stream, { service: 'wep', client })).toThrow('There is no service "wep".');
    expect(() => inband.accept(stream, { service: 'web' })).toThrow('pass "client"');
    for (const wrong of [{ address: '192.0.2.7.' }, { address: 'somewhere' }, { port: Number.NaN }, { port: 65_536 }]) {
      const at = { ...client, ...wrong };
      expect(() => inband.accept(stream, { service: 'web', client: at })).toThrow('"client" needs an IP address');
      expect(() => inband.accept(stream, { service: 'web', client, local: at })).toThrow('"local" needs an IP address');
    }
    const [, gone] = duplexPair();
    gone.destroy();
    expect(() => inband.accept(gone, { service: 'web', client })).toThrow('destroyed already');
    expect(inband.connections()).toEqual([]);
  });
  expect(() => last?.accept(stream, { service: 'web', client })).toThrow('The proxy is stopping.');
  expect(stream.destroyed).toBe(false);
});
