import { expect, test } from 'vitest';
import { LatencyBalancer } from './latency.ts';
import { PeakLatency } from './peak-latency.ts';

test('rises to a peak at once, and sinks slowly', () => {
  const latency = new PeakLatency();
  latency.answered(10, 0);
  latency.answered(200, 100);
  expect(latency.value(100)).toBe(200);
  latency.answered(10, 1_100);
  expect(latency.value(1_100)).toBeGreaterThan(150);
  for (let now = 2_000; now < 60_000; now += 1_000) latency.answered(10, now);
  expect(latency.value(60_000)).toBeLessThan(15);
});

test('is forgotten without answers, so that a server that was slow is tried again', () => {
  const latency = new PeakLatency();
  latency.answered(5_000, 0);
  expect(latency.value(120_000)).toBeLessThan(1);
});

test('a server that fails at once does not win against one that answers in 50 ms', () => {
  let now = 0;
  const server = (id: string) => ({ id, weight: 1, inFlight: 0, latency: new PeakLatency(), taken: 0 });
  const [broken, good] = [server('broken'), server('good')];
  const balancer = new LatencyBalancer<typeof broken>(() => now);
  balancer.update([broken, good]);
  for (let number = 0; number < 2_000; number += 1) {
    now += 10;
    const picked = balancer.pick({ hash: 0, inFlight: 0, isExcluded: () => false });
    if (picked === undefined) continue;
    picked.taken += 1;
    if (picked === broken) broken.latency.failed(now);
    else good.latency.answered(50, now);
  }
  expect(broken.taken).toBeLessThan(20);
});
