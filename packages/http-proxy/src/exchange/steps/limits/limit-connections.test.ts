import { inetAddr } from '@inband/core';
import { describe, expect, test } from 'vitest';
import type { HarnessOptions } from '../../../../test-support/harness.ts';
import { ANSWERED, anybody, counting, GET, limits, status, TWO } from '../../../../test-support/limiting.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();

async function answering(options: HarnessOptions) {
  const h = await make({ routeAnswers: ANSWERED, ...options });
  /** The answer to one request on a connection that stays open. */
  const open = async (more = '', from = '127.0.0.1') => {
    const client = h.client({ address: inetAddr(from, 40_000)! });
    client.send(`${GET}${more}\r\n`);
    const head = await client.receive('\r\n\r\n');
    return { client, head, end: () => client.connection.end() };
  };
  return { ...h, open };
}

describe('connections at one time', () => {
  test('are refused by 503 beyond the limit of a client, until one of them ends', async () => {
    const counted = counting();
    const h = await answering(limits({ perClient: { connections: 2 } }, counted));
    const [first, second] = [await h.open(), await h.open()];
    const refused = await h.open();
    expect([first, second, refused].map(({ head }) => status(head))).toEqual([200, 200, 503]);
    expect(refused.head).toContain('\r\nRetry-After: 1\r\n');
    expect(refused.head).toContain('\r\nConnection: close\r\n');
    expect(counted.reached).toEqual(['services.test.limits.perClient.connections']);
    const other = await h.open('', '127.0.0.2');
    expect(status(other.head)).toBe(200);
    first.end();
    await first.client.closed();
    const next = await h.open();
    expect(status(next.head)).toBe(200);
    for (const one of [second, refused, other, next]) one.end();
  });

  test('of the whole service are those of all clients', async () => {
    const h = await answering(limits({ connections: 1 }));
    const first = await h.open();
    const refused = await h.open('', '127.0.0.2');
    expect([first, refused].map(({ head }) => status(head))).toEqual([200, 503]);
    first.end();
    refused.end();
  });

  test('not more than 64 refused ones are answered at a time, and others are reset', async () => {
    const counted = counting();
    const h = await answering(limits({ perClient: { connections: 1 } }, counted));
    const first = await h.open();
    const silent = Array.from({ length: 70 }, () => h.client());
    await Promise.all(silent.slice(64).map((client) => client.closed()));
    expect(silent.filter(({ isClosed }) => isClosed)).toHaveLength(6);
    expect(counted.reached).toHaveLength(70);
    for (const client of silent) client.connection.end();
    await Promise.all(silent.map((client) => client.closed()));
    const refused = await h.open();
    expect(status(refused.head)).toBe(503);
    first.end();
    refused.end();
  });

  test('of a user are those on which it has authenticated', async () => {
    const h = await answering({ authenticator: anybody, ...limits({ perUser: { connections: 1 } }) });
    const ann = await h.open('Authorization: ann\r\n');
    const again = await h.open('Authorization: ann\r\n', '127.0.0.2');
    const bob = await h.open('Authorization: bob\r\n');
    expect([ann, again, bob].map(({ head }) => status(head))).toEqual([200, 503, 200]);
    // On the connection of bob ann is one too many as well, and bob is no longer on it.
    bob.client.send(`${GET}Authorization: ann\r\n\r\n`);
    await bob.client.until(() => bob.client.received.includes(' 503 '), 'a refusal');
    const other = await h.open('Authorization: bob\r\n');
    expect(status(other.head)).toBe(200);
    for (const one of [ann, again, bob, other]) one.end();
  });
});

describe('new connections', () => {
  test('beyond the rate of a client are reset before anything of them is read', async () => {
    const counted = counting();
    const h = await answering(limits({ perClient: { newConnections: TWO } }, counted));
    const [first, second] = [await h.open(), await h.open()];
    const refused = h.client();
    expect(await refused.closed()).toBeInstanceOf(Error);
    expect(refused.received).toBe('');
    expect(h.records).toHaveLength(2);
    expect(counted.reached).toEqual(['services.test.limits.perClient.newConnections']);
    counted.clock.now = 1_000;
    const third = await h.open();
    for (const one of [first, second, third]) one.end();
  });

  test('of a user are counted by its first request on each', async () => {
    const h = await answering({ authenticator: anybody, ...limits({ perUser: { newConnections: TWO } }) });
    const all = [];
    for (let count = 0; count < 3; count += 1) all.push(await h.open('Authorization: ann\r\n'));
    expect(all.map(({ head }) => status(head))).toEqual([200, 200, 429]);
    all[0]?.client.send(`${GET}Authorization: ann\r\n\r\n`);
    expect(status((await all[0]?.client.receive('\r\n\r\n'))?.slice(3) ?? '')).toBe(200);
    for (const one of all) one.end();
  });
});

test('what is counted of connections is nothing when all of them have ended', async () => {
  const counted = counting();
  const options = { perClient: { connections: 9, tunnels: 9 }, perUser: { connections: 9 }, newConnections: TWO };
  const h = await answering({ authenticator: anybody, ...limits(options, counted) });
  const one = await h.open('Authorization: ann\r\n');
  expect(counted.state.placed).toBe(1);
  one.end();
  await one.client.closed();
  expect([counted.state.placed, counted.state.counts('perUser.connections').of('ann')]).toEqual([0, 0]);
});
