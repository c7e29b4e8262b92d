import type { KV } from '@nats-io/kv';
import { expect, test } from 'vitest';
import { ServerClock } from './server-clock.ts';

test('all who ask for the time while it is compared wait for the same comparison', async () => {
  const created = new Date('2026-01-01T00:00:00Z');
  const made = { puts: 0 };
  const kv = {
    put: async () => {
      made.puts += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return made.puts;
    },
    get: async () => ({ created, revision: made.puts }),
  };
  const clock = new ServerClock();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a clock asks of it is there
  const times = await Promise.all(Array.from({ length: 32 }, () => clock.now(kv as unknown as KV)));
  expect(made.puts).toBe(1);
  for (const time of times) expect(Math.abs(time - created.getTime())).toBeLessThan(60_000);
});

test('the clock is compared although others write in between each time', async () => {
  const created = new Date('2026-01-01T00:00:00Z');
  const latest = { created, revision: 2 };
  const kv = {
    put: async () => 1,
    get: async (_key: string, options?: { revision: number }) => (options === undefined ? latest : null),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a clock asks of it is there
  const time = await new ServerClock().now(kv as unknown as KV);
  expect(Math.abs(time - created.getTime())).toBeLessThan(60_000);
});
