import { formatSockAddr, type Logger } from '@inband/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
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
async function pool(logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> = silentLogger) {
  let found: readonly { address: string }[] = NUMBERS.map((number) => ({ address: `10.0.0.${number}:80` }));
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
    found = numbers.map((number) => ({ address: `10.0.0.${number}:80` }));
    wake();
    await new Promise(setImmediate);
  };
  return { chainer, replace };
}

test('a server that stays keeps what is known of it, one that comes back begins anew, and no session is lost count of', async () => {
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
          for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
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
          expect(member.inFlight).toBe(open.filter((note) => note.member === member).length);
          expect(member.id).toBe(id);
        }
      }
      chainer.close();
    }),
    { numRuns: runs(100) },
  );
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
