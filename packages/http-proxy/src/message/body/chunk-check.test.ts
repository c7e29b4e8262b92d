import { describe, expect, test } from 'vitest';
import type { Harness, HarnessOptions, Peer } from '../../../test-support/harness.ts';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();
let harness: Harness;

async function setUp(options: HarnessOptions = {}): Promise<Peer> {
  harness = await make(options);
  return harness.client();
}

const HEAD = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('chunks that are malformed from the beginning do not reach the server, nor does their head', () => {
  const bodies: Record<string, string> = {
    'data longer than its size': '5\r\nhello!!\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n',
    'no size': '\r\nhello',
    'a size that is no number': 'zz\r\n',
    'a size with a sign': '+5\r\nhello\r\n0\r\n\r\n',
    'LF for a line end': '5\nhello\r\n0\r\n\r\n',
    'a second chunk without a size': '5\r\nhello\r\n\r\n',
    'a bad trailer': '5\r\nhello\r\n0\r\nX y: z\r\n\r\n',
    'a size that overflows': '100000005\r\nhello',
  };
  for (const [what, body] of Object.entries(bodies)) {
    test(what, async () => {
      const client = await setUp();
      client.send(HEAD + body);
      await client.ended();
      expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
      expect(client.received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      expect(harness.dialled).toBe(0);
      expect(harness.records).toMatchObject([{ status: 400, error: { code: 'http_request_error' } }]);
    });
  }

  test('more content than is allowed', async () => {
    const client = await setUp({ http: { maxBody: 4 } });
    client.send(`${HEAD}5\r\nhello\r\n`);
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    expect(harness.dialled).toBe(0);
  });

  test('also when they come while the server is connected to', async () => {
    const asked = Promise.withResolvers<void>();
    const connected = Promise.withResolvers<void>();
    const client = await setUp({
      route: (_query, route) => ({
        ...route,
        chainer: {
          kind: 'late',
          connectServer: async (session, host, port) => {
            asked.resolve();
            await connected.promise;
            return route.chainer.connectServer(session, host, port);
          },
        },
      }),
    });
    client.send(HEAD);
    await asked.promise;
    client.send('zz\r\n');
    await new Promise((resolve) => setTimeout(resolve, 10));
    connected.resolve();
    const server = await harness.server();
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
    await server.ended();
    expect(server.received).toBe('');
    server.connection.end();
  });
});

test('what is well-formed so far is carried', async () => {
  const client = await setUp();
  client.send(`${HEAD}5\r\nhel`);
  const server = await harness.server();
  await server.receive('hel');
  client.send('lo\r\n3;a=b\r\nxyz\r\n0\r\nX-Sum: 1\r\n\r\n');
  await server.receive('X-Sum: 1\r\n\r\n');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  await client.receive('ok');
});
