import type { SentNotices } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MachineNotices } from './machine-notices.ts';

type Workers = ConstructorParameters<typeof MachineNotices>[0];
type Worker = Workers extends ReadonlyMap<number, infer Each> ? Each : never;

class FakeWorker implements Worker {
  silence = 0;
  onNotices: (notices: SentNotices) => void = () => undefined;
  isOnDuty = false;
  readonly told: SentNotices[] = [];

  tellNotices(notices: SentNotices, sent: () => void): void {
    this.told.push(notices);
    sent();
  }

  tellDuty(isOurs: boolean): void {
    this.isOnDuty = isOurs;
  }
}

let ready: Map<number, FakeWorker>;
let notices: MachineNotices;

beforeEach(() => {
  vi.useFakeTimers();
  ready = new Map();
  notices = new MachineNotices(ready);
});

afterEach(() => {
  notices.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function start(number: number): FakeWorker {
  const worker = new FakeWorker();
  notices.join(worker);
  ready.set(number, worker);
  notices.choose();
  return worker;
}

describe('on duty', () => {
  test('is the first worker that accepts clients, and one that comes before it later', () => {
    const [second, third] = [start(2), start(3)];
    expect([second.isOnDuty, third.isOnDuty]).toEqual([true, false]);
    const first = start(1);
    expect([first.isOnDuty, second.isOnDuty]).toEqual([true, false]);
  });

  test('is another one at once when that ends', () => {
    const [first, second] = [start(1), start(2)];
    ready.delete(1);
    notices.leave(first);
    expect(second.isOnDuty).toBe(true);
  });

  test('is another one within four seconds when that does not answer, and the first again when it does', () => {
    const [first, second] = [start(1), start(2)];
    vi.advanceTimersByTime(2_500);
    first.silence = 2_500;
    vi.advanceTimersByTime(500);
    expect(second.isOnDuty).toBe(false);
    first.silence = 3_500;
    vi.advanceTimersByTime(1_000);
    expect([first.isOnDuty, second.isOnDuty]).toEqual([false, true]);
    first.silence = 0;
    vi.advanceTimersByTime(1_000);
    expect([first.isOnDuty, second.isOnDuty]).toEqual([true, false]);
  });

  test('is the first one while none answers', () => {
    const [first, second] = [start(1), start(2)];
    first.silence = second.silence = 10_000;
    vi.advanceTimersByTime(2_000);
    expect([first.isOnDuty, second.isOnDuty]).toEqual([true, false]);
  });
});

test('what a worker tells is passed on to the others, and known to one that is started later', async () => {
  const [first, second] = [start(1), start(2)];
  first.onNotices([['pool marks', [['a', 1, 10_000]]]]);
  await vi.advanceTimersByTimeAsync(100);
  expect([first.told, second.told]).toEqual([[], [[['pool marks', [['a', 1, expect.any(Number)]]]]]]);
  expect(notices.known).toEqual([['pool marks', [['a', 1, expect.any(Number)]]]]);
});

test('the supervisor takes part where it has something to tell', async () => {
  const first = start(1);
  const topic = notices.own.of('cluster').common('hints');
  const heard: string[] = [];
  topic.follow((key) => heard.push(key));
  first.onNotices([['common hints', [['a', 1, 10_000]]]]);
  topic.tell('b', 2, 10_000);
  await vi.advanceTimersByTimeAsync(100);
  expect([heard, first.told]).toEqual([['a'], [[['common hints', [['b', 2, expect.any(Number)]]]]]]);
});

test('a worker that has ended is told nothing', async () => {
  const [first, second] = [start(1), start(2)];
  notices.leave(second);
  first.onNotices([['pool marks', [['a', 1, 10_000]]]]);
  await vi.advanceTimersByTimeAsync(100);
  expect(second.told).toEqual([]);
});
