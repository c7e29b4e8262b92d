import { type MadeNotices, type NoticeValue, SoleNotices } from '@inband/core';
import { openStore, type Store, StoreUnavailable } from '@inband/store';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { HINT_TTL, PoolHints } from './pool-hints.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const DEAD = '10.0.0.2:80';

let store: Store;
let machines: Machine[];
/** Calls that write. */
let puts: number;

/** A machine: pools on one side, its hints on the other. */
class Machine {
  readonly hinted: [string, NoticeValue | undefined][] = [];
  readonly hints: PoolHints;
  readonly #pools: MadeNotices;

  constructor(member: string, hasChecks = true) {
    const notices = new SoleNotices();
    const own = notices.of();
    this.#pools = notices.of();
    this.#pools.common('hints').follow((server, value) => this.hinted.push([server, value]));
    const counted: Pick<Store, 'get' | 'put' | 'time' | 'watch'> = {
      get: (key) => store.get(key),
      time: () => store.time(),
      watch: (key, listener) => store.watch(key, listener),
      put: (...written) => {
        puts += 1;
        return store.put(...written);
      },
    };
    const topics = { suspects: own.common('suspects'), hints: own.common('hints') };
    this.hints = new PoolHints({ store: counted, member, logger: SILENT, ...topics });
    this.hints.listen(hasChecks);
    machines.push(this);
  }

  /** A server was taken out here. */
  suspect(server = DEAD): void {
    this.#pools.common('suspects').tell(server, true, HINT_TTL);
  }
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] });
  store = await openStore({ type: 'memory', logger: SILENT });
  machines = [];
  puts = 0;
});

afterEach(async () => {
  for (const { hints } of machines) hints.close();
  await store.close();
  expect(vi.getTimerCount(), 'no timer is left behind').toBe(0);
  vi.useRealTimers();
});

const written = (): Promise<unknown> => vi.advanceTimersByTimeAsync(8_000);

async function stored(): Promise<Record<string, { by: string[] }>> {
  return JSON.parse((await store.get('hints'))?.value ?? '{}') as Record<string, { by: string[] }>;
}

describe('hints of pools', () => {
  test('count when two machines have given them, for those machines that have not', async () => {
    const [first, second, third] = ['a', 'b', 'c'].map((name) => new Machine(name));
    first?.suspect();
    await written();
    expect(third?.hinted).toEqual([]);
    second?.suspect();
    await written();
    expect([first?.hinted, second?.hinted, third?.hinted]).toEqual([[], [], [[DEAD, 2]]]);
    expect((await stored())[DEAD]?.by).toEqual(['a', 'b']);
  });

  test('of a time that is to come are dropped by whoever writes', async () => {
    await store.put('hints', JSON.stringify({ other: { by: ['x', 'y'], at: 1e308 } }));
    const first = new Machine('a');
    first.suspect();
    await written();
    expect(Object.keys(await stored())).toEqual([DEAD]);
  });

  test('of one machine that says it again and again never count', async () => {
    const [first, second] = [new Machine('a'), new Machine('b')];
    for (let time = 0; time < 20; time += 1) {
      first.suspect();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(second.hinted).toEqual([]);
    // Once for each time that the last one has ended.
    expect(puts).toBeLessThanOrEqual(200_000 / HINT_TTL + 1);
  });

  test('end, so that those of long ago do not count', async () => {
    const [first, second, third] = ['a', 'b', 'c'].map((name) => new Machine(name));
    first?.suspect();
    await vi.advanceTimersByTimeAsync(HINT_TTL + 10_000);
    second?.suspect();
    await written();
    expect(third?.hinted).toEqual([]);
    expect((await stored())[DEAD]?.by).toEqual(['b']);
  });

  test('of a thousand servers that fifty machines see fail are written a few times', async () => {
    const count = perForm(50, 10);
    const all = Array.from({ length: count }, (_, number) => new Machine(`m${number}`));
    for (let server = 0; server < perForm(1_000, 300); server += 1) {
      for (const machine of all) machine.suspect(`10.1.${server >> 8}.${server & 255}:80`);
    }
    await vi.advanceTimersByTimeAsync(20_000);
    const hints = Object.values(await stored());
    expect(hints).toHaveLength(256);
    expect(hints.every(({ by }) => by.length === 2)).toBe(true);
    expect(puts).toBeLessThanOrEqual(count * 4);
    const before = puts;
    for (const machine of all) machine.suspect('10.1.0.7:80');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(puts).toBe(before);
  });

  test('are not asked for by a machine without checks, which gives them all the same', async () => {
    const watch = vi.spyOn(store, 'watch');
    const first = new Machine('a', false);
    expect(watch).not.toHaveBeenCalled();
    const second = new Machine('b');
    first.suspect();
    await written();
    second.suspect();
    await written();
    expect((await stored())[DEAD]?.by).toEqual(['a', 'b']);
    expect(first.hinted).toEqual([]);
  });

  test('that nobody can read change nothing', async () => {
    const first = new Machine('a');
    for (const text of ['{', '[]', '{"x":1}', '{"x":{"by":"a","at":1}}']) {
      await store.put('hints', text);
      await vi.advanceTimersByTimeAsync(100);
    }
    first.suspect();
    await written();
    expect((await stored())[DEAD]?.by).toEqual(['a']);
  });

  test('are told after all where the store was not connected yet', async () => {
    const first = new Machine('a');
    const time = vi.spyOn(store, 'time').mockRejectedValueOnce(new StoreUnavailable('disconnected', 'not yet'));
    first.suspect();
    await written();
    await written();
    expect(time).toHaveBeenCalledTimes(2);
    expect((await stored())[DEAD]?.by).toEqual(['a']);
  });

  test('are given up when the store is closed', async () => {
    const first = new Machine('a');
    await store.close();
    first.suspect();
    await written();
    expect([puts, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
