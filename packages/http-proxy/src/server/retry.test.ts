import type { Chainer, ProxyError, ServerConnection } from '@inband/core';
import { describe, expect, test, vi } from 'vitest';
import type { Harness, Peer } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';
import { MOST_RETRIES } from './retry.ts';

const setUp = useHarness();
const HEAD_END = '\r\n\r\n';
const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

type Client = ReturnType<Harness['client']>;

/** A proxy with one idle connection, of this client. */
async function idle(fields = ''): Promise<{ h: Harness; client: Client; first: Peer }> {
  const h = await setUp();
  const client = h.client();
  client.send(GET);
  const first = await h.server();
  await first.receive(HEAD_END);
  first.send(OK.replace('\r\n\r\n', `\r\n${fields}\r\n`));
  await client.receive('ok');
  return { h, client, first };
}

async function served(h: Harness, client: Client, request: string): Promise<string> {
  const second = await h.server();
  const got = await second.receive(request);
  second.send(OK);
  await client.receive('ok');
  return got;
}

describe('a request that may not be sent twice', () => {
  test('goes on no idle connection when it is the first of its client connection', async () => {
    const { h, first } = await idle();
    const other = h.client();
    other.send(POST);
    await served(h, other, 'hi');
    expect([first.received, h.dialled, h.pool.idle]).toEqual(['', 2, 2]);
  });

  test('goes on one that has just been used, but not on one that was idle for more than a second', async () => {
    const now = vi.spyOn(performance, 'now');
    const { h, client, first } = await idle();
    client.send(POST);
    await first.receive('hi');
    first.send(OK);
    await client.receive('ok');
    const later = performance.now() + 1001;
    now.mockImplementation(() => later);
    client.send(POST);
    await served(h, client, 'hi');
    now.mockRestore();
    expect(h.dialled).toBe(2);
  });

  test('is one with a long body, too, and one whose length is not known', async () => {
    const { h } = await idle();
    for (const [framing, body] of [
      ['Content-Length: 65537', 'x'.repeat(65_537)],
      ['Transfer-Encoding: chunked', '1\r\nx\r\n0\r\n\r\n'],
    ]) {
      const other = h.client();
      other.send(`PUT / HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n${body}`);
      await served(h, other, body!);
    }
    expect(h.dialled).toBe(3);
  });
});

describe('on a connection that was dead', () => {
  for (const method of ['PUT', 'DELETE']) {
    test(`${method} with a small body is sent again, body and all`, async () => {
      const { h, client, first } = await idle();
      client.send(`${method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc`);
      await first.receive('abc');
      client.send('def');
      await first.receive('def');
      first.connection.destroy();
      expect(await served(h, client, 'abcdef')).toMatch(new RegExp(`^${method} / .*\r\n\r\nabcdef$`, 's'));
      expect(h.records[1]).toMatchObject({ status: 200, bytesIn: 6, error: undefined });
    });
  }

  test('chunks are sent again, too, and what has not come yet follows', async () => {
    const { h, client, first } = await idle();
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await first.receive('abc');
    first.connection.destroy();
    const second = await h.server();
    await second.receive('abc');
    client.send('3\r\ndef\r\n0\r\n\r\n');
    await second.receive('def\r\n0\r\n\r\n');
    second.send(OK);
    await client.receive('ok');
  });

  for (const [framing, begin, rest] of [
    ['Transfer-Encoding: chunked', '6\r\nabc', 'xyz\r\n0\r\n\r\n'],
    ['Content-Length: 6', 'abc', 'xyz'],
  ] as const) {
    test(`the rest, and the end behind it, may come while another one is dialled: ${framing}`, async () => {
      const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
      let asked = 0;
      const h = await setUp({
        http: { halfCloseTimeout: 60_000 },
        route: (_query, { name, chainer }) => {
          const connectServer: Chainer['connectServer'] = async (...target) => {
            const server = await chainer.connectServer(...target);
            if (++asked === 3) await mayGoOn;
            return server;
          };
          return { name, chainer: { kind: 'slow', connectServer } };
        },
      });
      const client = h.client();
      client.send(GET);
      const first = await h.server();
      await first.receive(HEAD_END);
      first.send(OK);
      await client.receive('ok');
      client.send(`PUT / HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n${begin}`);
      await first.receive('abc');
      first.connection.destroy();
      const second = await h.server();
      client.send(rest);
      client.connection.end();
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      goOn();
      await second.receive('abc');
      await second.receive(rest.slice(-3));
      second.send(OK);
      await client.receive('ok');
      expect(h.records[1]).toMatchObject({ status: 200, bytesIn: 6, error: undefined });
    });
  }

  test('a body of which more was sent than is kept is not', async () => {
    const { client, first } = await idle();
    client.send(`PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n14000\r\n${'x'.repeat(0x14000)}\r\n`);
    await first.until(() => first.received.length > 0x10100);
    first.connection.destroy();
    await client.receive('HTTP/1.1 502 ');
  });
});

describe('408 and close', () => {
  test('on a reused connection is its end, and the request is sent again', async () => {
    const { h, client, first } = await idle();
    client.send(GET);
    await first.receive(HEAD_END);
    first.send(TIMEOUT);
    await served(h, client, HEAD_END);
    expect(client.received).toBe('');
  });

  test('is as if the server had closed where the request may not be sent again', async () => {
    const { h, client, first } = await idle();
    client.send(POST);
    await first.receive('hi');
    first.send(TIMEOUT);
    await client.receive('HTTP/1.1 502 ');
    expect(h.dialled).toBe(1);
  });

  test('on a fresh connection, without close, or to an unfinished body is the answer', async () => {
    const h = await setUp();
    const fresh = h.client();
    fresh.send(GET);
    const server = await h.server();
    await server.receive(HEAD_END);
    server.send(TIMEOUT);
    await fresh.receive('HTTP/1.1 408 ');
    const stays = await idle();
    stays.client.send(GET);
    await stays.first.receive(HEAD_END);
    stays.first.send(TIMEOUT.replace('Connection: close\r\n', ''));
    await stays.client.receive('HTTP/1.1 408 ');
    const slow = await idle();
    slow.client.send(POST.slice(0, -1));
    await slow.first.receive('h');
    slow.first.send(TIMEOUT);
    await slow.client.receive('HTTP/1.1 408 ');
  });
});

describe('a chainer that knows another server', () => {
  /** Says `again` when it is told of a server that failed; counts. */
  async function failing(again: () => boolean) {
    const told: ProxyError[] = [];
    const h = await setUp({
      route: (_query, usual) => {
        const serverFailed: Chainer['serverFailed'] = (_session, failure) => {
          if (failure.cause !== 'status') told.push(failure.error);
          return again();
        };
        Object.assign(usual.chainer, { serverFailed });
        return usual;
      },
    });
    return { h, told };
  }

  test('is asked again for what may be sent twice, a small body included', async () => {
    for (const request of [GET, 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi']) {
      const { h, told } = await failing(() => true);
      const client = h.client();
      client.send(request);
      for (let attempt = 0; attempt < 2; attempt++) {
        const dead = await h.server();
        await dead.receive(request.slice(-2));
        dead.connection.destroy(attempt === 0 ? undefined : new Error('reset'));
      }
      await served(h, client, request.slice(-2));
      expect(told.map(({ code }) => code)).toEqual(['connection_terminated', 'connection_terminated']);
      expect(h.records).toMatchObject([{ status: 200, error: undefined }]);
    }
  });

  test('is not asked without end, whatever it says', async () => {
    const { h, told } = await failing(() => true);
    const client = h.client();
    client.send(GET);
    for (let attempt = 0; attempt <= MOST_RETRIES; attempt++) {
      const dead = await h.server();
      await dead.receive(HEAD_END);
      dead.connection.destroy();
    }
    await client.receive('HTTP/1.1 502 ');
    expect([told.length, h.dialled]).toEqual([MOST_RETRIES + 1, MOST_RETRIES + 1]);
  });

  test('may have server connections that say only after they were given back that they are closed', async () => {
    let told = 0;
    const h = await setUp({
      route: (_query, { name, chainer: usual }) => {
        const own = async (...target: Parameters<Chainer['connectServer']>): Promise<ServerConnection> => {
          const server = await usual.connectServer(...target);
          const { connection, remote, local } = server;
          const destroy = (error?: Error): void => {
            const { handler } = connection;
            server.destroy(error);
            setImmediate(() => handler.closed());
          };
          return { connection, remote, local, reused: false, release: () => destroy(), destroy };
        };
        return { name, chainer: { kind: 'own', connectServer: own, serverFailed: () => ++told === 1 } };
      },
    });
    const client = h.client();
    client.send(GET);
    const dead = await h.server();
    await dead.receive(HEAD_END);
    dead.connection.end();
    const next = await h.server();
    await next.receive(HEAD_END);
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    next.send(OK);
    await client.receive('ok');
    expect([told, h.records]).toMatchObject([1, [{ status: 200, error: undefined }]]);
  });

  test('is told, but not asked, for what may not', async () => {
    const { h, told } = await failing(() => true);
    const client = h.client();
    client.send(POST);
    const dead = await h.server();
    await dead.receive('hi');
    dead.connection.destroy();
    await client.receive('HTTP/1.1 502 ');
    expect([told.length, h.dialled]).toEqual([1, 1]);
  });

  test('hears nothing when a part of an answer had come, or the connection was an idle one', async () => {
    const { h, told } = await failing(() => true);
    const client = h.client();
    client.send(GET);
    const first = await h.server();
    await first.receive(HEAD_END);
    first.send(OK);
    await client.receive('ok');
    client.send(GET);
    await first.receive(HEAD_END);
    first.connection.destroy();
    const second = await h.server();
    await second.receive(HEAD_END);
    second.send('HTTP/1.1 200');
    second.connection.end();
    await client.receive('HTTP/1.1 502 ');
    expect(told).toEqual([]);
  });

  test('that throws is a defect, and the client is told', async () => {
    const { h } = await failing(() => {
      throw new Error('broken');
    });
    const client = h.client();
    client.send(GET);
    const dead = await h.server();
    await dead.receive(HEAD_END);
    dead.connection.destroy();
    await client.receive('HTTP/1.1 500 ');
    expect(h.defects.splice(0)).toMatchObject([{ err: { message: 'broken' } }]);
  });
});

describe('Keep-Alive: timeout', () => {
  test('is heeded less a second', async () => {
    const now = vi.spyOn(performance, 'now');
    const { h, client, first } = await idle('Keep-Alive: timeout=5\r\n');
    const start = performance.now();
    now.mockImplementation(() => start + 3900);
    client.send(GET);
    await first.receive(HEAD_END);
    first.send(OK.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=5\r\n\r\n'));
    await client.receive('ok');
    now.mockImplementation(() => start + 3900 + 4001);
    client.send(GET);
    await served(h, client, HEAD_END);
    now.mockRestore();
    await first.ended();
    expect(h.dialled).toBe(2);
  });

  test('of a second or none is a connection that is not kept', async () => {
    const { h, first } = await idle('Keep-Alive: timeout=1\r\n');
    await first.ended();
    expect(h.pool.idle).toBe(0);
  });
});
