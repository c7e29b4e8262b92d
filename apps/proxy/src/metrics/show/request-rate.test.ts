import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ownMemory } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { SESSION_METRICS } from '../definitions.ts';
import { RequestRate } from './request-rate.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('requests and tunnels are counted over at least five seconds', () => {
  const buffer = new SharedArrayBuffer(SEGMENT_LENGTH);
  const writer = new SeriesWriter(ownMemory(buffer), { pid: 1, startedAt: 0 });
  const { requests, tunnels } = SESSION_METRICS;
  const places = [requests, tunnels].map(({ name, labels }) =>
    writer.place(
      name,
      labels.map(() => 'x'),
    ),
  );
  const count = (each: number): void => {
    for (const place of places) writer.values[place] = (writer.values[place] ?? 0) + each;
  };
  count(7);
  const rate = new RequestRate({ kind: 'own', buffer });
  count(20);
  vi.advanceTimersByTime(4_999);
  expect(rate.now).toBeUndefined();
  vi.advanceTimersByTime(5_001);
  expect(rate.now).toBe(4);
  vi.advanceTimersByTime(1_000);
  expect(rate.now).toBe(4);
  vi.advanceTimersByTime(9_000);
  expect(rate.now).toBe(0);
});
