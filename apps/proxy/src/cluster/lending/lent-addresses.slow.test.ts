import { expect, test, vi } from 'vitest';
import { collectGarbage } from '../../../../../test/support/collect-garbage.ts';
import { AwayShares } from './away-shares.ts';
import type { NumberedCall } from './lend-messages.ts';
import { LendingDesk } from './lending-desk.ts';
import { MachineLender } from './machine-lender.ts';
import { openMemory } from './memory.ts';

vi.setConfig({ testTimeout: 120_000 });
const [MIB, AT_ONCE, ADDRESSES] = [2 ** 20, 100, 33_000];
const rate = { amount: 10, per: 1_000, burst: 20 };

test('what a supervisor keeps of clients does not grow with how many have come', async () => {
  const store = await openMemory();
  const shares = new AwayShares({ policy: 'local', parties: () => 1, open: openMemory });
  const lender = new MachineLender({ store, shares, parties: () => 1, holder: 'a process' });
  let answered = 0;
  const desk = new LendingDesk(lender, (answers) => (answered += answers.length));

  /** Each of so many addresses comes, opens a connection, and goes. */
  async function come(round: number): Promise<number> {
    let call = 0;
    for (let first = 0; first < ADDRESSES; first += AT_ONCE) {
      const calls = Array.from({ length: AT_ONCE }, (_, index): NumberedCall[] => {
        const key = `web/${round}/${first + index}`;
        return [
          { call: (call += 1), is: 'lease', bucket: key, rate, owed: 0, wanted: 10 },
          { call: (call += 1), is: 'hold', key, most: 10, held: 1, wanted: 1 },
          { call: (call += 1), is: 'hold', key, most: 10, held: 0, wanted: 0 },
        ];
      });
      desk.take(calls.flat());
      await new Promise((done) => setImmediate(done));
    }
    await collectGarbage();
    return process.memoryUsage().heapUsed / MIB;
  }

  const before = await come(0);
  // As many as are remembered, and then as many again.
  await come(1);
  const full = await come(2);
  const later = [await come(3), await come(4)];
  expect(answered).toBe(5 * ADDRESSES * 3);
  expect(full - before).toBeLessThan(40);
  for (const used of later) expect(used - full).toBeLessThan(8);
  await Promise.all([store.close(), shares.close()]);
});
