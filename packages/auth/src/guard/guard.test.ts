import { inetAddr } from '@inband/core';
import { expect, test } from 'vitest';
import { Verdicts } from './verdicts.ts';
import { Verifications } from './verifications.ts';
import { WrongGuesses } from './wrong-guesses.ts';

const client = (text: string) => inetAddr(text, 1_024)!;

test('a few verifications run at once, a few wait, and more are refused with status 503', async () => {
  const verifications = new Verifications(2, 1);
  const ends: (() => void)[] = [];
  const verify = (): Promise<string> => new Promise((resolve) => ends.push(() => resolve('done')));
  const runs = [1, 2, 3].map(() => verifications.run('a', verify));
  await expect(verifications.run('a', verify)).rejects.toMatchObject({ status: 503, retryAfter: 1 });
  expect(ends).toHaveLength(2);
  ends[0]?.();
  await runs[0];
  await expect.poll(() => ends.length).toBe(3);
  for (const end of ends) end();
  expect(await Promise.all(runs)).toEqual(['done', 'done', 'done']);
  expect(await verifications.run('a', () => Promise.resolve('more'))).toBe('more');
});

test('a network that asks for many has its last place in a full queue taken by one that asks for fewer', async () => {
  const verifications = new Verifications(1, 4);
  const { promise: first, resolve: begin } = Promise.withResolvers<string>();
  const running = verifications.run('greedy', () => first);
  const order: string[] = [];
  const waiting = (network: string): Promise<unknown> =>
    verifications.run(network, async () => order.push(network)).catch(() => order.push(`${network} refused`));
  const all = ['greedy', 'greedy', 'greedy', 'greedy', 'other', 'greedy', 'other', 'other', 'third'].map(waiting);
  await expect.poll(() => order.length).toBe(5);
  begin('done');
  await Promise.all([running, ...all]);
  const refused = ['greedy', 'greedy', 'greedy', 'other', 'other'].map((network) => `${network} refused`);
  expect(order.slice(0, 5).toSorted()).toEqual(refused.toSorted());
  expect(order.slice(5)).toEqual(['greedy', 'greedy', 'other', 'third']);
});

test('a verdict is kept for a minute, a denial for five seconds, and not under the credentials themselves', () => {
  let now = 0;
  const verdicts = new Verdicts<string>(() => now);
  const name = verdicts.nameOf('Basic YTpi');
  expect(name).not.toContain('YTpi');
  expect(new Verdicts().nameOf('Basic YTpi')).not.toBe(name);
  verdicts.keep(name, 'ann', false);
  verdicts.keep('other', 'denied', true);
  now = 4_999;
  expect([verdicts.find(name), verdicts.find('other')]).toEqual(['ann', 'denied']);
  now = 5_000;
  expect([verdicts.find(name), verdicts.find('other')]).toEqual(['ann', undefined]);
  now = 60_000;
  expect(verdicts.find(name)).toBeUndefined();
});

test('whoever guesses has to wait longer and longer, by network and user, until a guess is right', () => {
  let now = 0;
  const guesses = new WrongGuesses('services.web.auth', () => now);
  const guess = (address: string): void => {
    guesses.check(client(address), 'ann');
    guesses.wrong(client(address), 'ann');
  };
  for (let index = 0; index < 6; index += 1) guess('2001:db8::1');
  const refused = expect.objectContaining({ status: 429, retryAfter: 1, setting: 'services.web.auth' });
  expect(() => guess('2001:db8::2')).toThrow(refused);
  guess('2001:db8:0:1::1');
  guesses.check(client('2001:db8::1'), 'bob');
  now = 1_000;
  guess('2001:db8::1');
  expect(() => guess('2001:db8::1')).toThrow(expect.objectContaining({ retryAfter: 2 }));
  guesses.right(client('2001:db8::1'), 'ann');
  guess('2001:db8::1');
});

test('guesses about many others do not make those about one forgotten', () => {
  const guesses = new WrongGuesses('services.web.auth', () => 0);
  for (let count = 0; count < 6; count += 1) guesses.wrong(client('192.0.2.1'), 'ann');
  for (let count = 0; count < 20_000; count += 1) guesses.wrong(client('192.0.2.1'), `user ${count}`);
  expect(() => guesses.check(client('192.0.2.1'), 'ann')).toThrow('Too many wrong passwords');
});
