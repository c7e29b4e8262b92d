import type { KV } from '@nats-io/kv';
import { expect, test } from 'vitest';
import { ServerClock } from './server-clock.ts';

test('all who ask for the time while it is compared wait for the same comparison', async () => {
  const created = new Date('2026-01-01T00:00:00Z');
  const made = { puts: 0 };
  const kv = {
    put: async () => {
      made.puts += 1;
      // Whoever writes in between makes the entry of the one before unreadable.
      await new Promise((resolve) => setImmediate(resolve));
      return made.puts;
    },
    get: async (_key: string, { revision }: { revision: number }) => (revision === made.puts ? { created } : null),
  };
  const clock = new ServerClock();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a clock asks of it is there
  const times = await Promise.all(Array.from({ length: 32 }, () => clock.now(kv as unknown as KV)));
  expect(made.puts).toBe(1);
  for (const time of times) expect(Math.abs(time - created.getTime())).toBeLessThan(60_000);
});
