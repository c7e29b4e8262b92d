import type { DiscoveredServer, ServerDiscovery } from '@inband/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeResolver, fakeSession } from '../../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../../options/server-address.ts';
import { DiscoveredServers } from './discovered-servers.ts';

type News = readonly DiscoveredServer[] | Error | 'end';

/** A discovery that a test tells what to find. */
class ToldDiscovery implements ServerDiscovery {
  begun = 0;
  ended = 0;
  #news: News[] = [];
  #wake = (): void => undefined;

  tell(...news: News[]): void {
    this.#news.push(...news);
    this.#wake();
  }

  async *servers(signal: AbortSignal): AsyncGenerator<readonly DiscoveredServer[]> {
    this.begun += 1;
    try {
      for (;;) {
        const news = this.#news.shift() ?? (await this.#more(signal));
        if (news === 'end') return;
        if (news instanceof Error) throw news;
        if (news !== undefined) yield news;
      }
    } finally {
      this.ended += 1;
    }
  }

  #more(signal: AbortSignal): Promise<undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
  }
}

let discovery: ToldDiscovery;
let told: string[];
let source: DiscoveredServers;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  discovery = new ToldDiscovery();
  told = [];
  const tell = (fields: { why?: string }, message: string): void => void told.push(`${message} (${fields.why ?? ''})`);
  const read = (found: readonly DiscoveredServer[]) =>
    found.map(({ address, ...options }) => ({ ...options, address: parseServerAddress(address) }));
  const deps = {
    resolver: new FakeResolver({ 'app.example': ['10.0.0.9'] }),
    logger: { warn: tell, info: tell },
    family: undefined,
    read,
  };
  source = new DiscoveredServers(discovery, deps, 'chainer.servers[1]');
});

afterEach(() => {
  source.close();
  vi.useRealTimers();
});

async function ids(): Promise<string> {
  await new Promise(setImmediate);
  return (source.servers ?? []).map(({ id }) => id).join(' ');
}

test('what is found replaces what was found before, and may be addresses, names and nothing', async () => {
  source.start();
  discovery.tell([{ address: '10.0.0.1:80', weight: 3 }, { address: 'app.example:80' }]);
  expect(await ids()).toBe('10.0.0.1:80 10.0.0.9:80');
  expect(source.servers).toMatchObject([{ weight: 3 }, { written: 'app.example:80' }]);
  discovery.tell([{ address: '10.0.0.2:80' }]);
  expect(await ids()).toBe('10.0.0.2:80');
  discovery.tell([]);
  expect(await ids()).toBe('');
  expect(source.servers).toEqual([]);
  expect(told).toEqual([]);
});

test('the same servers once more are no change', async () => {
  let changes = 0;
  source.follow(() => (changes += 1));
  source.start();
  const found = [{ address: '10.0.0.1:80', weight: 3 }, { address: 'app.example:80' }];
  discovery.tell(found);
  await ids();
  const before = changes;
  discovery.tell([...found], [...found]);
  await ids();
  expect(changes).toBe(before);
});

test('sessions wait for what is found first', async () => {
  const ready = source.ready(fakeSession());
  discovery.tell([{ address: '10.0.0.1:80' }]);
  await ready;
  expect(await ids()).toBe('10.0.0.1:80');
});

test('a session that waits in vain is told which setting finds no server', async () => {
  const ready = source.ready(fakeSession());
  const outcome = expect(ready).rejects.toMatchObject({
    code: 'destination_unavailable',
    setting: 'chainer.servers[1]',
    message: 'The servers of the pool are not known yet: nothing was found within 10 s.',
  });
  await vi.advanceTimersByTimeAsync(10_000);
  await outcome;
});

test('a discovery that fails is begun again after pauses; the last servers stay, and the log says it once', async () => {
  const ready = source.ready(fakeSession());
  discovery.tell(new Error('no route to it'));
  await expect(ready).rejects.toThrow('they cannot be found: no route to it');
  expect(told).toEqual(['servers of a pool cannot be found; it has none yet (no route to it)']);
  discovery.tell([{ address: '10.0.0.1:80' }], 'end', new Error('again'));
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(discovery.begun).toBeGreaterThanOrEqual(4);
  });
  expect(await ids()).toBe('10.0.0.1:80');
  expect(told.slice(1)).toEqual([
    'servers of a pool are found again ()',
    'servers of a pool cannot be found; the last ones stay in use (it has ended)',
  ]);
});

/** The seconds after which the discovery was begun again, of so many. */
async function begunAgain(seconds: number): Promise<number[]> {
  const times: number[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    const before = discovery.begun;
    await ids();
    await vi.advanceTimersByTimeAsync(1_000);
    await ids();
    if (discovery.begun > before) times.push(second);
  }
  return times;
}

test('a discovery that answers and ends each time is begun again after pauses that grow, and told once', async () => {
  for (let round = 0; round < 20; round += 1) discovery.tell([{ address: '10.0.0.1:80' }], 'end');
  source.start();
  expect(await begunAgain(100)).toEqual([1, 3, 7, 15, 31, 61, 91]);
  expect(told).toEqual([
    'servers of a pool cannot be found; the last ones stay in use (it has ended)',
    'servers of a pool are found again ()',
  ]);
});

test('a discovery that ends after a while is begun again soon, and told again', async () => {
  discovery.tell([{ address: '10.0.0.1:80' }], 'end', [{ address: '10.0.0.1:80' }], 'end', [
    { address: '10.0.0.1:80' },
  ]);
  source.start();
  expect(await begunAgain(40)).toEqual([1, 3]);
  discovery.tell('end', [{ address: '10.0.0.1:80' }]);
  expect(await begunAgain(10)).toEqual([1]);
  expect(told.filter((line) => line.includes('cannot be found'))).toHaveLength(2);
});

test('what cannot be used is refused as a whole, and told once', async () => {
  source.start();
  discovery.tell([{ address: '10.0.0.1:80' }]);
  expect(await ids()).toBe('10.0.0.1:80');
  const wrong = [{ address: '10.0.0.2:80' }, { address: 'no address' }];
  discovery.tell(wrong, wrong);
  expect(await ids()).toBe('10.0.0.1:80');
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^what was found as servers of a pool cannot be used; the last ones stay in use \(expected/);
  discovery.tell([{ address: '10.0.0.2:80' }]);
  expect(await ids()).toBe('10.0.0.2:80');
  expect(told).toHaveLength(2);
});

test('closing it ends what the discovery waits for', async () => {
  source.start();
  discovery.tell([{ address: '10.0.0.1:80' }]);
  await ids();
  source.close();
  await ids();
  expect(discovery).toMatchObject({ begun: 1, ended: 1 });
});
