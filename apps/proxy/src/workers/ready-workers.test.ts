import { expect, test, vi } from 'vitest';
import { InheritedSockets } from '../handover/inherited-sockets.ts';
import type { LentSocket } from '../handover/upgrade.ts';
import { ReadyWorkers, type ReadyWorkersDeps } from './ready-workers.ts';

type Worker = ReadyWorkersDeps['workers'] extends ReadonlyMap<number, infer Each> ? Each : never;

function worker(number: number, share: Worker['share'] = () => Promise.resolve([])): [number, Worker] {
  return [number, { silence: number * 100, answer: () => Promise.resolve({ answer: number }), share }];
}

function ready(...workers: [number, Worker][]): ReadyWorkers {
  return new ReadyWorkers({ workers: new Map(workers), size: () => 2, inherited: new InheritedSockets([]) });
}

test('every worker that there should be is asked, and one that is not there has no outcome', async () => {
  const one = ready(worker(2));
  expect(await one.askAll('health', undefined)).toEqual([
    { worker: 1, outcome: undefined },
    { worker: 2, outcome: { answer: 2 } },
  ]);
  expect(await one.askAny('health', undefined, 1000)).toEqual({ answer: 2 });
  expect(await ready().askAny('health', undefined, 1000)).toBeUndefined();
});

test('the silence is that of the slowest worker', () => {
  expect(ready(worker(1), worker(2)).silence).toBe(200);
  expect(ready().silence).toBeUndefined();
});

test('sockets that were lent are given back if one worker cannot lend its own', async () => {
  const release = vi.fn<() => void>();
  const lent: LentSocket = { bind: '127.0.0.1:80', kind: 'systemd', descriptor: 3, release };
  const lends = worker(1, () => Promise.resolve([lent]));
  const fails = worker(2, () => Promise.reject(new Error('too late')));
  await expect(ready(lends, fails).share()).rejects.toThrow('too late');
  expect(release).toHaveBeenCalledOnce();
});
