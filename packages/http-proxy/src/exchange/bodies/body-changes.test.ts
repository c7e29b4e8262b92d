import { expect, test } from 'vitest';
import { only, through } from './body-changes.ts';

test.each([
  [
    'a generator',
    function* (count: () => void) {
      for (let piece = 0; piece < 1_000; piece += 1) {
        count();
        yield 'a';
      }
    },
  ],
  [
    'an async generator that waits for nothing outside',
    async function* (count: () => void) {
      for (let piece = 0; piece < 1_000; piece += 1) {
        count();
        yield 'a';
      }
    },
  ],
])('others have their turn while a long body is made by %s', async (_, pieces) => {
  let made = 0;
  const make = () => pieces(() => void (made += 1));
  const changes = [{ make, errorOf: (error: unknown) => error as Error }];
  const { promise, resolve } = Promise.withResolvers<number>();
  setImmediate(() => resolve(made));
  let size = 0;
  for await (const bytes of through(changes, only(Buffer.from('old')), new AbortController().signal))
    size += bytes.length;
  expect(size).toBe(1_000);
  expect(await promise).toBeLessThan(100);
});
