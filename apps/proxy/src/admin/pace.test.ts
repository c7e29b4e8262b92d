import { expect, onTestFinished, test, vi } from 'vitest';
import { Pace } from './pace.ts';

/** A clock that stands still unless a task takes time. */
function createPace() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const begun: number[] = [];
  const pace = new Pace();
  const task = (takes: number) => () => {
    begun.push(performance.now());
    vi.advanceTimersByTime(takes);
  };
  const start = performance.now();
  return { pace, task, begun: () => begun.map((at) => Math.round(at - start)) };
}

test('the first task begins at once', () => {
  const { pace, task, begun } = createPace();
  pace.run(task(0));
  expect(begun()).toEqual([0]);
});

test('after a task of 4 ms there is a pause of 400 ms, so that tasks take a hundredth of the time', () => {
  const { pace, task, begun } = createPace();
  for (let count = 0; count < 3; count += 1) pace.run(task(4));
  vi.advanceTimersByTime(1_000);
  expect(begun()).toEqual([0, 404, 808]);
});

test('even one that takes nothing is followed by a pause, because its messages cost something', () => {
  const { pace, task, begun } = createPace();
  for (let count = 0; count < 3; count += 1) pace.run(task(0));
  vi.advanceTimersByTime(1_000);
  expect(begun()).toEqual([0, 10, 20]);
});

test('a task that has to be next is before those that wait, with the pause', () => {
  const { pace } = createPace();
  const order: string[] = [];
  for (const name of ['first', 'second', 'third']) pace.run(() => void order.push(name));
  pace.runNext(() => void order.push('next'));
  vi.advanceTimersByTime(1_000);
  expect(order).toEqual(['first', 'next', 'second', 'third']);
});

test('no pause is longer than half a second, so that the next answer comes in time', () => {
  const { pace, task, begun } = createPace();
  for (let count = 0; count < 2; count += 1) pace.run(task(100));
  vi.advanceTimersByTime(2_000);
  expect(begun()).toEqual([0, 600]);
});
