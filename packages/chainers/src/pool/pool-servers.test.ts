import { formatSockAddr, type Logger } from '@inband/core';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { PoolNote } from './members/pool-note.ts';
import type { PoolMember } from './members/pool-member.ts';
import { PoolChainer } from './pool-chainer.ts';

const NUMBERS = [1, 2, 3, 4, 5] as const;

/** What happens to a pool: it gets other servers, a session begins, the oldest session ends, a server fails often. */
const step = fc.oneof(
  fc.record({
    is: fc.constant('servers' as const),
    numbers: fc.uniqueArray(fc.constantFrom(...NUMBERS), { minLength: 1 }),
  }),
  fc.record({ is: fc.constant('begin' as const) }),
  fc.record({ is: fc.constant('end' as const) }),
);

/** A pool whose servers a test replaces, as a discovery that finds others does. */
async function pool(logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> = silentLogger, options = {}) {
  const at = (number: number) => ({ address: `10.0.0.${number}:80`, ...options });
  let found: readonly { address: string }[] = NUMBERS.map(at);
  let wake = (): void => undefined;
  const { establishConnection } = new FakeNetwork();
  const discovery = () => ({
    async *servers(signal: AbortSignal) {
      while (!signal.aborted) {
        yield found;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  });
  const deps = { establishConnection, resolver: new FakeResolver({}), logger, discovery };
  const chainer = new PoolChainer({ servers: [{ type: 'told' }], balance: 'least-connections' }, deps);
  chainer.start();
  await new Promise(setImmediate);
  const replace = async (numbers: readonly number[]): Promise<void> => {
    found = numbers.map(at);
    wake();
    await new Promise(setImmediate);
  };
  return { chainer, replace };
}

test('a server that stays, or comes back while sessions at it run, is the same one, and no session is lost count of', async () => {
  const history = fc.array(step, { minLength: 5, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const { chainer, replace } = await pool();
      let present: readonly number[] = NUMBERS;
      const known = new Map<string, PoolMember>();
      const open: PoolNote[] = [];
      for (const { is, ...more } of steps) {
        if (is === 'servers' && 'numbers' in more) {
          await replace((present = more.numbers));
          const ids = new Set(present.map((number) => `10.0.0.${number}:80`));
          expect(new Set(chainer.pool.servers().map(({ address }) => address))).toEqual(ids);
        } else if (is === 'begin') {
          const note = new PoolNote();
          const member = chainer.pool.take(fakeSession(), note);
          expect(member).toBeDefined();
          if (member === undefined) continue;
          // The same object, and so the same health, latency and counts.
          expect(known.get(member.id) ?? member).toBe(member);
          known.set(member.id, member);
          open.push(note);
        } else {
          const note = open.shift();
          if (note !== undefined) chainer.pool.leave(note);
        }
        for (const [id, member] of known) {
          const isThere = present.some((number) => id === `10.0.0.${number}:80`);
          if (!isThere && member.inFlight === 0) known.delete(id);
          expect(member.inFlight).toBe(open.filter((note) => note.member === member).length);
          expect(member.id).toBe(id);
        }
      }
      chainer.close();
    }),
    { numRuns: runs(100) },
  );
});

test('a server that comes back begins anew, and counts the sessions that it had', async () => {
  const { chainer, replace } = await pool();
  const { pool: all } = chainer;
  const note = new PoolNote();
  const member = all.take(fakeSession(), note)!;
  const number = Number(member.id.slice('10.0.0.'.length, -':80'.length));
  const others = NUMBERS.filter((other) => other !== number);
  for (let failure = 0; failure < 10; failure += 1) all.health.failed(member, { message: 'It was reset.' });
  const shown = () => all.servers().find(({ address }) => address === member.id);
  expect(shown()?.state).toBe('down');
  await replace(others);
  expect(shown()).toBeUndefined();
  await replace([number]);
  expect(shown()?.state).toBe('up');
  expect(all.members.map(({ inFlight }) => inFlight)).toEqual([1]);
  await replace(others);
  all.leave(note);
  await replace([number]);
  expect(all.members[0]).not.toBe(member);
  expect(all.members.map(({ inFlight }) => inFlight)).toEqual([0]);
  chainer.close();
});

test('an address under another name is another server, and under the same name it is the one that it was', async () => {
  let found: readonly { address: string; weight?: number }[] = [{ address: 'a.example:80' }];
  let wake = (): void => undefined;
  const discovery = () => ({
    async *servers(signal: AbortSignal) {
      while (!signal.aborted) {
        yield found;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  });
  const resolver = new FakeResolver({
    'a.example': ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
    'b.example': ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  });
  const { establishConnection } = new FakeNetwork();
  const deps = { establishConnection, resolver, logger: silentLogger, discovery };
  const chainer = new PoolChainer({ servers: [{ type: 'told' }] }, deps);
  chainer.start();
  const { pool: all } = chainer;
  await vi.waitFor(() => expect(all.members).toHaveLength(3));
  const [member] = all.members;
  for (let failure = 0; failure < 10; failure += 1) all.health.failed(member!, { message: 'It was reset.' });
  const replace = async (address: string, weight: number): Promise<void> => {
    found = [{ address, weight }];
    wake();
    await vi.waitFor(() => expect(all.members[0]?.fullWeight).toBe(weight));
  };
  const down = () => all.servers().filter(({ state }) => state === 'down');
  await replace('a.example:80', 2);
  expect(down()).toHaveLength(1);
  expect(all.members[0]).toBe(member);
  await replace('b.example:80', 3);
  expect(down()).toHaveLength(0);
  expect(all.members.map(({ id }) => id)).toContain(member?.id);
  chainer.close();
});

test('a server that comes back never has more sessions than its maxConnections', async () => {
  const { chainer, replace } = await pool(silentLogger, { maxConnections: 1 });
  await replace([1]);
  const note = new PoolNote();
  expect(chainer.pool.take(fakeSession(), note)?.id).toBe('10.0.0.1:80');
  await replace([]);
  await replace([1]);
  const later = new PoolNote();
  expect(chainer.pool.take(fakeSession(), later)).toBeUndefined();
  expect(chainer.pool.mayWait(later)).toBe(true);
  chainer.pool.leave(note);
  expect(chainer.pool.take(fakeSession(), later)?.id).toBe('10.0.0.1:80');
  chainer.close();
});

test('a session waits for the first servers where none is written', async () => {
  let found = (_servers: readonly { address: string }[]): void => undefined;
  const first = new Promise<readonly { address: string }[]>((resolve) => (found = resolve));
  const network = new FakeNetwork();
  network.on('10.0.0.1:80', { does: 'accept' });
  const discovery = () => ({
    async *servers(signal: AbortSignal) {
      yield await first;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  const { establishConnection } = network;
  const deps = { establishConnection, resolver: new FakeResolver({}), logger: silentLogger, discovery };
  const chainer = new PoolChainer({ servers: [{ type: 'told' }] }, deps);
  chainer.start();
  const connecting = chainer.connectServer(fakeSession(), 'shop.example', 80);
  found([{ address: '10.0.0.1:80' }]);
  expect(formatSockAddr((await connecting).remote)).toBe('10.0.0.1:80');
  chainer.close();
});

test('the log says which servers came and went, but not which there were at first', async () => {
  const told: unknown[] = [];
  const nothing = (): void => undefined;
  const info = (fields: object, message: string): void => void told.push({ ...fields, message });
  const { chainer, replace } = await pool({ debug: nothing, info, warn: nothing, error: nothing });
  await replace([2, 3, 4, 5]);
  await replace([5, 4, 3, 2]);
  await replace([1, 5]);
  expect(told).toEqual([
    { gone: ['10.0.0.1:80'], message: 'a pool has other servers' },
    { came: ['10.0.0.1:80'], gone: ['10.0.0.4:80', '10.0.0.3:80', '10.0.0.2:80'], message: 'a pool has other servers' },
  ]);
  chainer.close();
});
