import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HarnessOptions } from '../../../../test-support/harness.ts';
import { ANSWERED, anybody, counting, GET, limits, status, TWO } from '../../../../test-support/limiting.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();
async function answering(options: HarnessOptions) {
  const h = await make({ routeAnswers: ANSWERED, ...options });
  const ask = async (head = GET): Promise<string> => {
    const client = h.client();
    client.send(`${head}Connection: close\r\n\r\n`);
    await client.ended();
    return client.received;
  };
  return { ...h, ask };
}

test('a client that asks too often gets 429, and is told when it may ask again', async () => {
  const counted = counting();
  const h = await answering(limits({ perClient: { requests: TWO } }, counted));
  expect([await h.ask(), await h.ask()].map(status)).toEqual([200, 200]);
  const refused = await h.ask();
  expect(refused).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/);
  expect(refused).toContain('\r\nRetry-After: 1\r\n');
  expect(refused).toContain('\r\nRateLimit-Policy: "client";q=2;w=2\r\nRateLimit: "client";r=0;t=1\r\n');
  expect(refused).toContain('"setting": "services.test.limits.perClient.requests"');
  counted.clock.now = 1_000;
  expect([await h.ask(), await h.ask()].map(status)).toEqual([200, 429]);
});

test('the record of a refused request names the limit, and no server was asked', async () => {
  const h = await make(limits({ perClient: { requests: { ...TWO, burst: 1 } } }));
  const client = h.client();
  client.send(`${GET}\r\n`);
  const server = await h.server();
  await server.receive('\r\n\r\n');
  server.send('HTTP/1.1 204 No Content\r\n\r\n');
  await client.receive('\r\n\r\n');
  client.send(`${GET}Connection: close\r\n\r\n`);
  await client.ended();
  expect(client.received).toContain(' 429 ');
  expect(h.records.map(({ status: of, error }) => [of, error?.setting])).toEqual([
    [204, undefined],
    [429, 'services.test.limits.perClient.requests'],
  ]);
});

test('the connection goes on behind a refusal', async () => {
  const h = await answering(limits({ perClient: { requests: { ...TWO, burst: 1 } } }));
  const client = h.client();
  client.send(`${GET}\r\n${GET}\r\n${GET}Connection: close\r\n\r\n`);
  await client.ended();
  expect(client.received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 429', 'HTTP/1.1 429']);
});

test('all clients together get 503, because none of them has asked too often', async () => {
  const h = await answering(limits({ requests: TWO }));
  expect([await h.ask(), await h.ask()].map(status)).toEqual([200, 200]);
  const refused = await h.ask();
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused).toContain('\r\nRetry-After: 1\r\n');
  expect(refused).not.toContain('RateLimit');
});

test('a user is the same from wherever it comes', async () => {
  const h = await answering({ authenticator: anybody, ...limits({ perUser: { requests: TWO } }) });
  const as = (user: string) => h.ask(`${GET}Authorization: ${user}\r\n`);
  expect([await as('ann'), await as('ann'), await as('ann'), await as('bob')].map(status)).toEqual([
    200, 200, 429, 200,
  ]);
  expect(await as('ann')).toContain('\r\nRateLimit: "user";r=0;t=1\r\n');
});

test('whoever is refused takes nothing from others', async () => {
  const h = await answering({
    authenticator: anybody,
    ...limits({ requests: { ...TWO, burst: 3 }, perUser: { requests: TWO } }),
  });
  const as = (user: string) => h.ask(`${GET}Authorization: ${user}\r\n`);
  for (let count = 0; count < 5; count += 1) await as('ann');
  expect([await as('bob'), await as('bob')].map(status)).toEqual([200, 503]);
  // What the service had no room for does not count for the user either.
  expect([await as('cid'), await as('cid'), await as('cid')].map(status)).toEqual([503, 503, 503]);
});

test('who is denied by a rule has asked for nothing', async () => {
  const h = await answering({
    rules: [{ action: 'deny', methods: ['PUT'] }],
    ...limits({ perClient: { requests: TWO } }),
  });
  for (let count = 0; count < 5; count += 1) expect(status(await h.ask('PUT / HTTP/1.1\r\nHost: a\r\n'))).toBe(403);
  expect(status(await h.ask())).toBe(200);
});

test('a tunnel is a request, and so is what a SOCKS client asks for', async () => {
  const counted = counting();
  const h = await make({
    mode: 'forward',
    accept: ['http', 'socks5'],
    ...limits({ perClient: { requests: { ...TWO, burst: 1 } } }, counted),
  });
  const client = h.client();
  client.send('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');
  const server = await h.server();
  expect(await client.receive('\r\n\r\n')).toContain(' 200 ');
  const socks = h.client();
  socks.send('\x05\x01\x00');
  await socks.receive('\x05\x00');
  socks.send('\x05\x01\x00\x01\x08\x08\x08\x08\x01\xbb');
  await socks.ended();
  expect(socks.received.slice(0, 2)).toBe('\x05\x02');
  client.connection.end();
  server.connection.end();
});

test('what was counted outlives the limits, which are others after a reload', async () => {
  const counted = counting();
  const before = await answering(limits({ perClient: { requests: TWO } }, counted));
  expect([await before.ask(), await before.ask()].map(status)).toEqual([200, 200]);
  const after = await answering(limits({ perClient: { requests: { ...TWO, burst: 3 } } }, counted));
  expect([await after.ask(), await after.ask()].map(status)).toEqual([200, 429]);
});

test('a service without limits of requests has no step for them', () => {
  const { limits: none } = limits({});
  expect(none.limitsRequests).toBe(false);
});

describe('with a pause', () => {
  const pause = { longest: 5_000, waiting: 2 };

  test('requests beyond the rate wait for their turn, in the order of their coming', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const h = await make({ routeAnswers: ANSWERED, ...limits({ perClient: { requests: TWO }, pause }) });
    const clients = Array.from({ length: 4 }, () => h.client());
    for (const client of clients) client.send(`${GET}Connection: close\r\n\r\n`);
    const served = (): boolean[] => clients.map(({ received }) => received.includes(' 200 '));
    await clients[1]?.ended();
    expect(served()).toEqual([true, true, false, false]);
    await vi.advanceTimersByTimeAsync(1_000);
    await clients[2]?.ended();
    expect(served()).toEqual([true, true, true, false]);
    await vi.advanceTimersByTimeAsync(1_000);
    await clients[3]?.ended();
    expect(served()).toEqual([true, true, true, true]);
  });

  test('not more of them wait than may, and none longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const once = { amount: 1, per: 1_000, burst: 1 };
    const h = await answering(limits({ perClient: { requests: once }, pause }));
    expect(status(await h.ask())).toBe(200);
    const waiting = [h.ask(), h.ask()];
    expect(status(await h.ask())).toBe(429);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await Promise.all(waiting)).map(status)).toEqual([200, 200]);
    const impatient = await answering(limits({ perClient: { requests: once }, pause: { longest: 999, waiting: 9 } }));
    expect([await impatient.ask(), await impatient.ask()].map(status)).toEqual([200, 429]);
  });

  test('a client that goes away while it waits leaves nothing behind', async () => {
    const counted = counting();
    const once = { amount: 1, per: 1_000, burst: 1 };
    const h = await answering(limits({ perClient: { requests: once }, pause: { ...pause, longest: 60_000 } }, counted));
    await h.ask();
    const client = h.client();
    client.send(`${GET}\r\n`);
    await vi.waitFor(() => expect(counted.state.waiting).toBe(1));
    client.connection.destroy();
    await client.closed();
    h.proxy.close();
    expect(counted.state.waiting).toBe(0);
  });
});
