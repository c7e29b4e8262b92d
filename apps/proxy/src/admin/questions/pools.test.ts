import { expect, test } from 'vitest';
import { pools, type PoolSeen } from './pools.ts';

test('sessions that wait for room are added up over all processes', () => {
  const seen = (queued: number): PoolSeen[] => [{ name: 'chainers.apps', kind: 'pool', queued, servers: [] }];
  const answers = [3, 4].map((queued, worker) => ({ worker, answer: seen(queued) }));
  const merged = pools.merge({ answers, missing: [] }, undefined);
  expect(merged).toEqual({ pools: [{ name: 'chainers.apps', kind: 'pool', queued: 7, servers: [] }], missing: [] });
});
