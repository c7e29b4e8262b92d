import { inetAddr, type SharedGuesses } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { perForm } from '../../../../test/support/tiers/runs.ts';
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
  const guesses = new WrongGuesses({ setting: 'services.web.auth', now: () => now });
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
  const guesses = new WrongGuesses({ setting: 'services.web.auth', now: () => 0 });
  for (let count = 0; count < 6; count += 1) guesses.wrong(client('192.0.2.1'), 'ann');
  for (let count = 0; count < perForm(20_000, 11_000); count += 1) guesses.wrong(client('192.0.2.1'), `user ${count}`);
  expect(() => guesses.check(client('192.0.2.1'), 'ann')).toThrow('Too many wrong passwords');
});

/** Counts for several processes. */
class Together implements SharedGuesses {
  readonly counts = new Map<string, number>();
  isAway = false;

  wrong(name: string, learned: (count: number) => void): void {
    if (this.isAway) return;
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    learned(count);
  }

  right(name: string): void {
    this.counts.delete(name);
  }
}

describe('with guesses that are counted together', () => {
  const ann = [client('192.0.2.1'), 'ann'] as const;
  const processes = (shared: SharedGuesses, count = 3): WrongGuesses[] =>
    Array.from({ length: count }, () => new WrongGuesses({ setting: 'services.web.auth', now: () => 0, shared }));
  const guess = (at: WrongGuesses): void => {
    at.check(...ann);
    at.wrong(...ann);
    at.confirm(...ann);
  };

  test('a process learns by the first wrong guess of those at others', () => {
    const [one, two, three] = processes(new Together());
    if (one === undefined || two === undefined || three === undefined) throw new Error();
    for (let count = 0; count < 6; count += 1) guess(one);
    expect(() => guess(one)).toThrow('Too many wrong passwords');
    guess(two);
    expect(() => guess(two)).toThrow('Too many wrong passwords');
    // Elsewhere in the network, and as another user, nobody has to wait.
    three.check(client('192.0.2.2'), 'ann');
    two.check(client('192.0.2.1'), 'bob');
  });

  test('one that is right is told the others, and a guess that is not known to be wrong is not', () => {
    const together = new Together();
    const [one] = processes(together, 1);
    one?.wrong(...ann);
    expect(together.counts.size).toBe(0);
    one?.confirm(...ann);
    expect([...together.counts.values()]).toEqual([1]);
    one?.right(...ann);
    expect(together.counts.size).toBe(0);
  });

  test('while nobody answers, own guesses decide', () => {
    const together = new Together();
    together.isAway = true;
    const [one, two] = processes(together, 2);
    if (one === undefined || two === undefined) throw new Error();
    for (let count = 0; count < 6; count += 1) guess(one);
    expect(() => guess(one)).toThrow('Too many wrong passwords');
    guess(two);
    guess(two);
  });
});
