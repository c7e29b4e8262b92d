import { describe, expect, test, vi, type MockInstance } from 'vitest';
import { useHarness } from '../../test-support/use-harness.ts';
import type { Harness, Peer } from '../../test-support/harness.ts';

const setUp = useHarness();
const HEAD_END = '\r\n\r\n';
const ask = (extra = '', path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${extra}\r\n`;
const answer = (body: string, extra = ''): string =>
  `HTTP/1.1 200 OK\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
const challenge = (value: string): string =>
  `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${value}\r\nContent-Length: 0\r\n\r\n`;

/** A client that has logged in by NTLM, in three steps, and the connection that this went over. */
async function loggedIn(h: Harness): Promise<{ alice: ReturnType<Harness['client']>; hers: Peer }> {
  const alice = h.client();
  alice.send(ask());
  const hers = await h.server();
  await hers.receive(HEAD_END);
  hers.send(challenge('NTLM'));
  await alice.receive(HEAD_END);
  alice.send(ask('Authorization: NTLM TYPE1\r\n'));
  expect(await hers.receive(HEAD_END)).toContain('Authorization: NTLM TYPE1\r\n');
  hers.send(challenge('NTLM TYPE2'));
  expect(await alice.receive(HEAD_END)).toContain('WWW-Authenticate: NTLM TYPE2\r\n');
  alice.send(ask('Authorization: NTLM TYPE3\r\n'));
  expect(await hers.receive(HEAD_END)).toContain('TYPE3');
  hers.send(answer('alice'));
  await alice.receive('alice');
  return { alice, hers };
}

describe('a server connection on which somebody logged in', () => {
  test('serves that client on, and nobody else', async () => {
    const h = await setUp();
    const { alice, hers } = await loggedIn(h);
    const bob = h.client();
    bob.send(ask());
    const his = await h.server();
    await his.receive(HEAD_END);
    his.send(answer('stranger'));
    await bob.receive('stranger');
    for (let round = 0; round < 3; round++) {
      alice.send(ask('', `/${round}`));
      expect(await hers.receive(HEAD_END)).toContain(`GET /${round} `);
      hers.send(answer('again'));
      await alice.receive('again');
    }
    expect([h.dialled, h.pool.idle]).toEqual([2, 1]);
    expect(h.records.at(-1)).toMatchObject({ reused: true, error: undefined });
  });

  test('is not given away between the steps of a handshake', async () => {
    const h = await setUp();
    const alice = h.client();
    alice.send(ask('Authorization: Negotiate ONE\r\n'));
    const hers = await h.server();
    await hers.receive(HEAD_END);
    hers.send(challenge('Negotiate TWO'));
    await alice.receive('Negotiate TWO');
    const bob = h.client();
    bob.send(ask());
    const his = await h.server();
    await his.receive(HEAD_END);
    his.send(answer('bob'));
    alice.send(ask('Authorization: Negotiate THREE\r\n'));
    expect(await hers.receive(HEAD_END)).toContain('THREE');
    hers.send(answer('alice', 'Persistent-Auth: true\r\n'));
    await alice.receive('alice');
  });

  for (const [what, head] of [
    [
      'a challenge',
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="a, b", NTLM\r\nContent-Length: 5\r\n\r\nlogin',
    ],
    ['Persistent-Auth', answer('login', 'Persistent-Auth: true\r\n')],
  ] as const) {
    test(`belongs to its client from ${what} on`, async () => {
      const h = await setUp();
      const alice = h.client();
      alice.send(ask());
      const hers = await h.server();
      await hers.receive(HEAD_END);
      hers.send(head);
      await alice.receive('login');
      expect(h.pool.idle).toBe(0);
      alice.send(ask());
      await hers.receive(HEAD_END);
      hers.send(answer('again'));
      await alice.receive('again');
    });
  }

  test('closes with its client', async () => {
    const h = await setUp();
    const { alice, hers } = await loggedIn(h);
    alice.connection.end();
    await hers.ended();
    await alice.closed();
    expect(h.pool.open).toBe(0);
  });

  test('that its server closes is replaced by a fresh one, as any', async () => {
    const h = await setUp();
    const { alice, hers } = await loggedIn(h);
    hers.connection.end();
    await hers.closed();
    alice.send(ask());
    const next = await h.server();
    await next.receive(HEAD_END);
    next.send(challenge('NTLM'));
    await alice.receive(' 401 ');
  });

  test('that dies under a request without a login is replaced by a fresh one, not by an idle one', async () => {
    const h = await setUp();
    const { alice, hers } = await loggedIn(h);
    const bob = h.client();
    bob.send(ask());
    const his = await h.server();
    await his.receive(HEAD_END);
    his.send(answer('bob'));
    await bob.receive('bob');
    expect(h.pool.idle).toBe(1);
    alice.send(ask());
    await hers.receive(HEAD_END);
    hers.connection.destroy();
    const next = await h.server();
    await next.receive(HEAD_END);
    next.send(challenge('NTLM'));
    await alice.receive(' 401 ');
    expect(his.received).toBe('');
  });

  for (const method of ['GET', 'POST']) {
    test(`that dies in the middle of a handshake (${method}) is told to the client as it is`, async () => {
      const h = await setUp();
      const { alice, hers } = await loggedIn(h);
      alice.send(`${method} / HTTP/1.1\r\nHost: h\r\nAuthorization: NTLM TYPE3\r\nContent-Length: 0\r\n\r\n`);
      await hers.receive(HEAD_END);
      hers.connection.destroy();
      await alice.ended();
      expect([alice.received, h.dialled]).toEqual(['', 1]);
      expect(h.records.at(-1)!.error).toMatchObject({ code: 'connection_terminated' });
    });
  }

  test('takes what may not be sent twice, however long it was idle', async () => {
    const h = await setUp();
    const { alice, hers } = await loggedIn(h);
    alice.send('POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
    await hers.receive('hi');
    hers.send(answer('done'));
    await alice.receive('done');
    expect(h.dialled).toBe(1);
  });

  test('may still be forbidden to a request: policy is asked each time', async () => {
    const h = await setUp({ rules: [{ action: 'deny', methods: ['DELETE'], servers: ['127.0.0.1'] }] });
    const { alice, hers } = await loggedIn(h);
    alice.send('DELETE / HTTP/1.1\r\nHost: h\r\n\r\n');
    await alice.receive('HTTP/1.1 403 ');
    expect(hers.received).toBe('');
  });

  test('is found for its host before the chainer is asked, which might choose another server', async () => {
    let connecting: MockInstance | undefined;
    const h = await setUp({
      route: (_query, usual) => {
        connecting ??= vi.spyOn(usual.chainer, 'connectServer');
        return usual;
      },
    });
    const { alice, hers } = await loggedIn(h);
    expect(connecting).toHaveBeenCalledTimes(1);
    alice.send(ask());
    await hers.receive(HEAD_END);
    hers.send(answer('x'));
    await alice.receive('x');
    expect(connecting).toHaveBeenCalledTimes(1);
    // Another host, for which the chainer arrives at the same server.
    alice.send('GET / HTTP/1.1\r\nHost: other\r\n\r\n');
    await hers.receive(HEAD_END);
    expect(connecting).toHaveBeenCalledTimes(2);
    expect(h.dialled).toBe(1);
    hers.send(answer('y'));
    await alice.receive('y');
  });

  test('becomes a tunnel where it is upgraded, and closes with it', async () => {
    const h = await setUp();
    const { alice, hers } = await loggedIn(h);
    alice.send(ask('Connection: Upgrade\r\nUpgrade: x\r\n'));
    await hers.receive(HEAD_END);
    hers.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhi');
    await alice.receive('hi');
    alice.send('there');
    await hers.receive('there');
    alice.connection.end();
    await hers.ended();
    hers.connection.end();
    await alice.closed();
    expect(h.pool.open).toBe(0);
  });
});

describe('a forward proxy', () => {
  test('says with such a challenge that it keeps logins apart', async () => {
    const h = await setUp({ mode: 'forward', rules: [{ action: 'allow' }] });
    const alice = h.client();
    alice.send('GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n');
    const server = await h.server();
    await server.receive(HEAD_END);
    server.send(challenge('Negotiate'));
    const told = await alice.receive(HEAD_END);
    expect(told).toContain('Proxy-Support: Session-Based-Authentication\r\nConnection: Proxy-Support\r\n');
    alice.send('GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n');
    await server.receive(HEAD_END);
    server.send(answer('ok'));
    expect(await alice.receive('ok')).not.toContain('Proxy-Support');
  });

  test('in reverse says nothing of the kind', async () => {
    const h = await setUp();
    const alice = h.client();
    alice.send(ask());
    const server = await h.server();
    await server.receive(HEAD_END);
    server.send(challenge('NTLM'));
    expect(await alice.receive(HEAD_END)).not.toContain('Proxy-Support');
  });
});
