import {
  type Authenticator,
  type Filter,
  type LimitOptions,
  LimitState,
  NO_LIMITS,
  queuedBytes,
  ServiceLimits,
  type Connection,
} from '@inband/core';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HarnessOptions, Peer } from '../../../../test-support/harness.ts';
import { passTime } from '../../../../../core/test-support/passing-time.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
const make = useHarness();
afterEach(() => void vi.useRealTimers());

const SETTING = 'services.test.limits';
const WINDOW = 16_384;
const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const CONNECT = 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n';

function limits(options: Partial<LimitOptions>, state = new LimitState()): Pick<HarnessOptions, 'limits' | 'window'> {
  return { window: WINDOW, limits: new ServiceLimits(SETTING, { ...NO_LIMITS, ...options }, state) };
}

/** Whoever says who they are is that. */
const anybody: Authenticator = {
  challenges: ['Basic realm="test"'],
  readsPasswords: false,
  authenticate: ({ credentials: user }) =>
    user === undefined ? { verdict: 'none' } : { verdict: 'user', user, groups: [] },
};

/** Sends on a connection whenever it takes more, up to `bytes`. Returns how many it has sent. */
function sending({ connection }: Peer, bytes: number): () => number {
  let sent = 0;
  const piece = Buffer.alloc(4_096, 'x');
  const send = (): void => {
    for (let keepsUp = true; keepsUp && sent < bytes;) {
      const length = Math.min(piece.length, bytes - sent);
      sent += length;
      keepsUp = connection.write(piece, 0, length);
    }
  };
  connection.handler = { ...handlersOf(connection), drained: send };
  send();
  return () => sent;
}

function handlersOf({ handler }: Connection) {
  return {
    data: handler.data.bind(handler),
    ended: handler.ended.bind(handler),
    closed: handler.closed.bind(handler),
  };
}

/** Closes so that whoever is connected knows at once. */
function reset(...peers: Peer[]): void {
  for (const { connection } of peers) connection.destroy(new Error('the test is over'));
}

function expectAbout(actual: number, expected: number): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(0.1);
}

/** Reads everything, and remembers only how much. */
function counting({ connection }: Peer): () => number {
  let received = 0;
  const others = handlersOf(connection);
  connection.handler = {
    ...others,
    drained: () => {},
    data: (_bytes, start, end) => void (received += end - start),
  };
  return () => received;
}

describe('bandwidth', () => {
  test('an answer comes at its pace, and its server is not read meanwhile', async () => {
    const h = await make(limits({ bandwidth: { out: 100_000 } }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    const received = counting(client);
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n');
    const sent = sending(server, 10_000_000);
    await passTime(5_000);
    expectAbout(received(), 500_000);
    expect(sent() - received()).toBeLessThan(4 * WINDOW);
    reset(client, server);
  });

  test('a request body comes at its pace, and the client is not read meanwhile', async () => {
    const h = await make(limits({ perClient: { bandwidth: { in: 100_000 } } }));
    const client = h.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const server = await h.server();
    await server.receive('\r\n\r\n');
    const received = counting(server);
    client.send('989680\r\n');
    const sent = sending(client, 10_000_000);
    await passTime(5_000);
    expectAbout(received(), 500_000);
    expect(sent() - received()).toBeLessThan(4 * WINDOW);
    reset(client, server);
  });

  test('the other way is as fast as ever', async () => {
    const h = await make(limits({ bandwidth: { in: 1_000 } }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    const received = counting(client);
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    sending(server, 1_000_000);
    await passTime(100);
    expect(received()).toBeGreaterThan(1_000_000);
    server.connection.end();
  });

  test('a tunnel and answers of one user share a pace', async () => {
    const h = await make({
      mode: 'forward',
      authenticator: anybody,
      ...limits({ perUser: { bandwidth: { out: 100_000 } } }),
    });
    const login = 'Proxy-Authorization: ann\r\n\r\n';
    const tunnel = h.client();
    tunnel.send(CONNECT.replace('\r\n\r\n', `\r\n${login}`));
    const first = await h.server();
    await tunnel.receive('\r\n\r\n');
    const client = h.client();
    client.send(`GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n${login}`);
    const second = await h.server();
    await second.receive('\r\n\r\n');
    const counts = [counting(tunnel), counting(client)];
    second.send('HTTP/1.1 200 OK\r\n\r\n');
    sending(first, 10_000_000);
    sending(second, 10_000_000);
    await passTime(5_000);
    const [a = 0, b = 0] = counts.map((count) => count());
    expectAbout(a + b, 500_000);
    expect(Math.max(a, b) / Math.min(a, b)).toBeLessThan(1.5);
    reset(tunnel, client, first, second);
  });

  test('a body that is held is not taken for one that makes no progress', async () => {
    const h = await make({ http: { bodyTimeout: 1_000 }, ...limits({ bandwidth: { out: 4_000 } }) });
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    const received = counting(client);
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n');
    sending(server, 60_000);
    await passTime(20_000, () => received() > 60_000);
    expect(h.records).toMatchObject([{ status: 200, error: undefined, bytesOut: 60_000 }]);
    server.connection.end();
  });

  test('answers that are one read each are no faster than others, one after another or at once', async () => {
    const h = await make(limits({ bandwidth: { out: 100_000 } }));
    const ask = async (client: Peer, server: Peer): Promise<void> => {
      client.send(GET);
      await server.receive('\r\n\r\n');
      server.send(`HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n${'x'.repeat(10_000)}`);
      await client.until(() => client.received.length > 10_000);
    };
    const begun = performance.now();
    let asked = 0;
    const all = [1, 2].map(async () => {
      const client = h.client();
      client.send(GET);
      const server = await h.server();
      await server.receive('\r\n\r\n');
      server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      await client.receive('\r\n\r\n');
      for (let count = 0; count < 10; count += 1) {
        await ask(client, server);
        client.received = '';
        asked += 1;
      }
      server.connection.end();
    });
    await passTime(20_000, () => asked === 20);
    await Promise.all(all);
    const seconds = (performance.now() - begun) / 1_000;
    // Two may come at once in the beginning, and what the last ones owe is not waited for.
    expect(seconds).toBeGreaterThan(1.4);
    expect(seconds).toBeLessThan(2.2);
  });

  test('a client that goes away while its request waits for its turn leaves nothing behind', async () => {
    const h = await make({ http: { responseTimeout: 1_000 }, ...limits({ bandwidth: { out: 1_000 } }) });
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send(`HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${'x'.repeat(40_000)}`);
    await client.until(() => client.received.length > 40_000);
    client.send(GET);
    const other = h.client();
    other.send(GET);
    // Its turn comes in twenty seconds, which is no fault of a server.
    await passTime(5_000);
    expect([client.received.length, other.received, h.records.length]).toEqual([expect.any(Number), '', 1]);
    reset(client, other);
    await passTime(10);
    expect(h.records).toHaveLength(3);
    server.connection.end();
  });

  test('requests without a body and their short answers do not wait, and the connection goes on', async () => {
    const h = await make(
      limits({ bandwidth: { in: 1_000_000, out: 1_000_000 }, minimumRate: { request: SLOW, response: SLOW } }),
    );
    const client = h.client();
    const ask = async () => {
      client.send(GET);
      await server.receive('\r\n\r\n');
      server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
      await client.receive('\r\n\r\nhi');
    };
    client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
    await client.receive('\r\n\r\n');
    for (let count = 0; count < 20; count += 1) await ask();
    expect(h.dialled).toBe(1);
    server.connection.end();
  });
});

const QUOTA = { bytes: 100_000, written: '100KB/day' };

describe('a quota', () => {
  test('ends a tunnel with a record that says which, and the next request gets 429', async () => {
    vi.setSystemTime(new Date('2026-11-29T23:00:00Z'));
    const h = await make({ mode: 'forward', authenticator: anybody, ...limits({ perUser: { quota: QUOTA } }) });
    const client = h.client();
    const login = '\r\nProxy-Authorization: ann\r\n\r\n';
    client.send(CONNECT.replace('\r\n\r\n', login));
    const server = await h.server();
    await client.receive('\r\n\r\n');
    sending(server, 1_000_000);
    await client.closed();
    expect(h.records).toMatchObject([
      {
        kind: 'tunnel',
        error: { message: 'The quota of this user, 100KB/day, is used up.', setting: `${SETTING}.perUser.quota` },
      },
    ]);
    expect(h.records[0]!.bytesOut).toBeLessThanOrEqual(100_000);
    const later = h.client();
    later.send(CONNECT.replace('\r\n\r\n', login));
    await later.until(() => later.received.includes('\r\n\r\n'));
    expect(later.received).toMatch(/^HTTP\/1\.1 429 /);
    expect(later.received).toContain('\r\nRetry-After: 3600\r\n');
    const other = h.client();
    other.send(CONNECT.replace('\r\n\r\n', login.replace('ann', 'bob')));
    expect(await other.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    vi.setSystemTime(new Date('2026-11-30T00:00:01Z'));
    const tomorrow = h.client();
    tomorrow.send(CONNECT.replace('\r\n\r\n', login));
    expect(await tomorrow.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    reset(server, await h.server(), await h.server(), other, tomorrow);
  });

  test('cuts an answer, so that the client does not take a part for the whole', async () => {
    const h = await make(limits({ quota: QUOTA }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    sending(server, 1_000_000);
    expect(await client.closed()).toMatchObject({ code: 'connection_terminated' });
    expect(h.records).toMatchObject([
      { status: 200, error: { message: 'The quota of this service, 100KB/day, is used up.' } },
    ]);
    expect(client.received.length).toBeLessThan(101_000);
  });

  test('refuses the rest of a request body by 429', async () => {
    const h = await make(limits({ quota: QUOTA }));
    const client = h.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
    const server = await h.server();
    await server.receive('\r\n\r\n');
    sending(client, 1_000_000);
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 429 /);
    expect(h.records).toMatchObject([{ status: 429, error: { setting: `${SETTING}.quota` } }]);
    await client.ended();
  });

  test('outlives a reload, also with another limit', async () => {
    const state = new LimitState();
    const before = await make(limits({ quota: QUOTA }, state));
    const client = before.client();
    client.send(GET);
    const server = await before.server();
    await server.receive('\r\n\r\n');
    server.send(`HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n${'x'.repeat(90_000)}`);
    await client.until(() => client.received.length > 90_000);
    server.connection.end();
    const after = await make(limits({ quota: { bytes: 90_000, written: '90KB/day' } }, state));
    const later = after.client();
    later.send(GET);
    await later.until(() => later.received.includes('\r\n\r\n'));
    expect(later.received).toMatch(/^HTTP\/1\.1 429 /);
    expect(after.dialled).toBe(0);
  });
});

const SLOW = { rate: 1_000, written: '1000/s', grace: 4_000 };

describe('a minimum rate', () => {
  const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n';

  test('ends a request body that comes too slowly, by 408', async () => {
    const h = await make(limits({ minimumRate: { request: SLOW } }));
    const client = h.client();
    client.send(POST);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    for (let second = 0; second < 10 && !client.hasEnded; second += 1) {
      client.send('x'.repeat(900));
      await passTime(1_000, () => client.hasEnded);
    }
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(h.records).toMatchObject([
      {
        status: 408,
        error: { message: 'The request body came at less than 1000/s.', setting: `${SETTING}.minimumRate` },
      },
    ]);
    expect(h.records[0]!.bytesIn).toBeLessThan(5_000);
  });

  test('leaves a body alone that comes just fast enough, in whatever pieces', async () => {
    const h = await make(limits({ minimumRate: { request: SLOW } }));
    const client = h.client();
    client.send(POST);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    for (let second = 0; second < 32; second += 1) {
      client.send('x'.repeat(second % 2 === 0 ? 1_600 : 600));
      await passTime(1_000);
    }
    expect(client.received).toBe('');
    reset(client, server);
  });

  test('is no matter of a client whose server does not read', async () => {
    const h = await make(limits({ minimumRate: { request: SLOW } }));
    const client = h.client();
    client.send(POST);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.connection.pause();
    sending(client, 100_000);
    await passTime(20_000);
    expect(client.received).toBe('');
    reset(client, server);
  });

  test('does not begin before 100 Continue, where that is asked for', async () => {
    const h = await make(limits({ minimumRate: { request: SLOW } }));
    const client = h.client();
    client.send(POST.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
    const server = await h.server();
    await server.receive('\r\n\r\n');
    await passTime(10_000);
    expect(client.received).toBe('');
    server.send('HTTP/1.1 100 Continue\r\n\r\n');
    await client.receive('\r\n\r\n');
    await passTime(10_000, () => client.received !== '');
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('ends an answer that a client takes too slowly', async () => {
    const h = await make(limits({ minimumRate: { response: SLOW } }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    client.connection.pause();
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    sending(server, 1_000_000);
    await passTime(20_000, () => h.records.length > 0);
    expect(h.records).toMatchObject([
      {
        status: 200,
        error: { message: 'The client took the answer at less than 1000/s.', setting: `${SETTING}.minimumRate` },
      },
    ]);
    client.connection.resume();
    expect(await client.closed()).toMatchObject({ code: 'connection_terminated' });
  });

  test('leaves an answer alone that a client takes just fast enough', async () => {
    const h = await make(limits({ minimumRate: { response: { ...SLOW, rate: 4_096 } } }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    const received = counting(client);
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n');
    sending(server, 10_000_000);
    await passTime(5);
    h.network.split = () => 5_000;
    for (let second = 0; second < 30; second += 1) {
      client.connection.pause();
      await passTime(990);
      const before = received();
      client.connection.resume();
      while (received() === before) await passTime(1);
    }
    expect(h.records).toEqual([]);
    reset(client, server);
  });

  test('is no matter of an answer that comes slowly from its server', async () => {
    const h = await make(limits({ minimumRate: { response: SLOW } }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    for (let second = 0; second < 20; second += 1) {
      server.send('x');
      await passTime(1_000);
    }
    expect(h.records).toEqual([]);
    reset(client, server);
  });
});

describe('while too much is queued', () => {
  test('a new request gets 503, and what goes on is not read', async () => {
    const h = await make(limits({ queued: 1_000_000 }));
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\n\r\n');
    sending(server, 50_000);
    await client.until(() => client.received.length > 50_000);
    let elsewhere = 1_000_000;
    queuedBytes.add(elsewhere);
    onTestFinished(() => queuedBytes.add(-elsewhere));
    server.send('x'.repeat(1_000));
    server.send('y'.repeat(1_000));
    await passTime(50);
    // It had been let through once.
    const { length } = client.received;
    server.send('z'.repeat(1_000));
    await passTime(200);
    expect(client.received.length).toBe(length);
    const other = h.client();
    other.send(GET);
    await other.until(() => other.received.includes('\r\n\r\n'));
    expect(other.received).toMatch(/^HTTP\/1\.1 503 /);
    expect(other.received).toContain('\r\nRetry-After: 1\r\n');
    expect(h.records).toMatchObject([{ status: 503, error: { setting: `${SETTING}.queued` } }]);
    queuedBytes.add(-elsewhere);
    elsewhere = 0;
    await passTime(50);
    expect(client.received).toContain('z'.repeat(1_000));
    server.connection.end();
    await client.receive('\r\n0\r\n\r\n');
  });
});

test('a body that its client does not take ends by its timeout, although that is what keeps all from being read', async () => {
  const h = await make({ http: { bodyTimeout: 5_000 }, ...limits({ queued: 40_000 }) });
  const answered = async () => {
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n');
    await client.receive('\r\n\r\n');
    return { client, server };
  };
  const greedy = await answered();
  const other = await answered();
  greedy.client.connection.pause();
  greedy.server.connection.write(Buffer.alloc(60_000));
  await passTime(100);
  // It waits, and so all are held.
  other.server.connection.write(Buffer.alloc(1_000));
  other.server.connection.write(Buffer.alloc(1_000));
  await passTime(20_000, () => h.records.length > 0);
  expect(h.records).toMatchObject([{ status: 200, bytesOut: 60_000, error: { fault: 'client' } }]);
  reset(greedy.client, greedy.server, other.client, other.server);
});

describe.each<[string, Filter]>([
  ['wants it whole', { requestBody: 'buffer', onRequest: () => undefined }],
  ['sends another one in its place', { onRequest: () => ({ body: 'other' }) }],
])('a request body that a filter reads, because it %s,', (_why, filter) => {
  const options = { filters: [filter], maximumBody: 1_000_000 };
  const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n';

  test('comes at its pace', async () => {
    const h = await make({ ...limits({ perClient: { bandwidth: { in: 100_000 } } }), ...options });
    const client = h.client();
    client.send(POST);
    const sent = sending(client, 500_000);
    await passTime(2_000);
    expect(sent()).toBeLessThan(200_000 + 4 * WINDOW);
    await passTime(4_000);
    const server = await h.server();
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await client.receive('\r\n\r\n');
    expect(h.records).toMatchObject([{ status: 200, bytesIn: 500_000 }]);
    reset(client, server);
  });

  test('counts for a quota', async () => {
    const h = await make({ ...limits({ quota: { bytes: 100_000, written: '100KB/day' } }), ...options });
    const client = h.client();
    client.send(POST);
    sending(client, 500_000);
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 429 /);
    await client.ended();
  });

  test('has to come at the least rate', async () => {
    const h = await make({ ...limits({ minimumRate: { request: SLOW } }), ...options });
    const client = h.client();
    client.send(POST);
    for (let second = 0; second < 10 && !client.hasEnded; second += 1) {
      client.send('x'.repeat(900));
      await passTime(1_000, () => client.hasEnded);
    }
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
  });
});

test('a service without limits of bytes has no step for them', () => {
  expect(new ServiceLimits(SETTING, NO_LIMITS, new LimitState()).bytes).toBeUndefined();
});
