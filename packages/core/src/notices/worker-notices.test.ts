import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LinkedWorkers } from '../../../../test/support/workers/linked-workers.ts';
import { NoticeOutbox, type SentNotices } from './notice-outbox.ts';
import type { NoticeValue, OwnNotices } from './notices.ts';
import { SoleNotices } from './sole-notices.ts';
import { useOwnTimers } from '../../../../test/support/own-timers.ts';

let linked: LinkedWorkers;

useOwnTimers();

beforeEach(() => {
  linked = new LinkedWorkers(3);
});

afterEach(() => {
  linked.close();
});

/** What a worker hears of a topic. */
function heardBy(notices: OwnNotices | undefined, topic = 'marks'): Record<string, NoticeValue> {
  const heard: Record<string, NoticeValue> = {};
  notices?.topic(topic).follow((key, value) => {
    if (value === undefined) delete heard[key];
    else heard[key] = value;
  });
  return heard;
}

describe('notices', () => {
  test('reach every other worker, and not the one that tells', async () => {
    const [first, second, third] = linked.of('pool');
    const all = [heardBy(first), heardBy(second), heardBy(third)];
    second?.topic('marks').tell('a', { why: 'It refused.' }, 1_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(all).toEqual([{ a: { why: 'It refused.' } }, {}, { a: { why: 'It refused.' } }]);
    third?.topic('marks').tell('a', undefined, 0);
    await vi.advanceTimersByTimeAsync(100);
    expect(all[0]).toEqual({});
  });

  test('are of one object and one topic', async () => {
    const [first] = linked.of('pool');
    const others = [heardBy(linked.of('other')[1]), heardBy(linked.of('pool')[1], 'health')];
    first?.topic('marks').tell('a', 1, 1_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(others).toEqual([{}, {}]);
  });

  test('are known to a worker that is started later, with the time that is left, unless they are over', async () => {
    const [first] = linked.of('pool');
    first?.topic('marks').tell('short', 1, 1_000);
    first?.topic('marks').tell('long', 2, 10_000);
    first?.topic('marks').tell('over', 3, 10_000);
    await vi.advanceTimersByTimeAsync(100);
    first?.topic('marks').tell('over', undefined, 0);
    await vi.advanceTimersByTimeAsync(4_900);
    const late: [string, NoticeValue | undefined, number][] = [];
    linked
      .join()
      .of('pool')
      .topic('marks')
      .follow((...notice) => late.push(notice));
    expect(late).toEqual([['long', 2, expect.closeTo(5_000, -3)]]);
  });

  test('are known to whoever follows them later in a worker', async () => {
    const [first, second] = linked.of('pool');
    first?.topic('marks').tell('a', 1, 10_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(heardBy(second)).toEqual({ a: 1 });
  });

  test('do not reach an object that is closed, but another one with the same identity', async () => {
    const [first, second] = linked.of('pool');
    const closed = heardBy(second);
    const other = linked.workers[1]?.of('pool');
    const open = heardBy(other);
    second?.close();
    first?.topic('marks').tell('a', 1, 10_000);
    await vi.advanceTimersByTimeAsync(100);
    expect([closed, open]).toEqual([{}, { a: 1 }]);
  });

  test('come in the next iteration of the event loop, if nothing was told just before', async () => {
    const [first, second] = linked.of('pool');
    const heard = heardBy(second);
    first?.topic('marks').tell('a', 1, 10_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(heard).toEqual({ a: 1 });
  });
});

test('a common topic is one for all objects, also in a process that serves clients alone, until they are closed', async () => {
  const sole = new SoleNotices();
  const alone = [sole.of(), sole.of()];
  const [worker, other] = linked.workers;
  const pairs = [alone, [worker?.of('pool'), other?.of('cluster')]];
  const heard = pairs.map(() => new Array<string>());
  for (const [at, [, second]] of pairs.entries()) second?.common('hints').follow((key) => heard[at]?.push(key));
  const tell = async (key: string): Promise<void> => {
    for (const [first] of pairs) first?.common('hints').tell(key, 1, 1_000);
    await vi.advanceTimersByTimeAsync(100);
  };
  await tell('a');
  for (const [, second] of pairs) second?.close();
  await tell('b');
  expect(heard).toEqual([['a'], ['a']]);
  expect(alone[0]?.duty.isOurs).toBe(true);
});

describe('duty', () => {
  test('is told once for each change', () => {
    const [worker] = linked.workers;
    const duty = worker?.of('pool').duty;
    const changes: (boolean | undefined)[] = [];
    const end = duty?.follow(() => changes.push(duty.isOurs));
    for (const isOurs of [true, true, false]) worker?.takeDuty(isOurs);
    end?.();
    worker?.takeDuty(true);
    expect(changes).toEqual([true, false]);
    expect(duty?.isOurs).toBe(true);
  });
});

describe('an outbox', () => {
  const until = Infinity;

  test('sends one message of each iteration, 20 in a second at most, with the last notice of each key', async () => {
    const sent: SentNotices[] = [];
    const outbox = new NoticeOutbox((notices, done) => {
      sent.push(notices);
      done();
    });
    for (let at = 0; at < 1_000; at += 1) {
      for (const key of ['a', 'b', 'a']) outbox.add('t', key, { value: at, until });
      await vi.advanceTimersByTimeAsync(1);
    }
    outbox.close();
    expect(sent.length).toBeLessThanOrEqual(21);
    expect(sent.every(([topic]) => topic?.[1].length === 2)).toBe(true);
    expect(sent.at(-1)?.[0]?.[1].map(([key]) => key)).toEqual(['b', 'a']);
  });

  test('waits until a message is gone, keeps no more than it may, and sends what is left in parts', async () => {
    const sent: number[] = [];
    let gone: (() => void) | undefined;
    const outbox = new NoticeOutbox((notices, done) => {
      sent.push(notices.reduce((sum, [, told]) => sum + told.length, 0));
      gone = done;
    }, 1_000);
    outbox.add('t', 'first', { value: 1, until });
    await vi.advanceTimersByTimeAsync(10);
    for (let key = 0; key < 5_000; key += 1) outbox.add('t', String(key), { value: 1, until });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toEqual([1]);
    for (let message = 0; message < 3; message += 1) {
      gone?.();
      await vi.advanceTimersByTimeAsync(100);
    }
    outbox.close();
    expect(sent).toEqual([1, 512, 488]);
  });

  test('sends nothing that has ended meanwhile', async () => {
    const sent: SentNotices[] = [];
    let gone: (() => void) | undefined;
    const outbox = new NoticeOutbox((notices, done) => {
      sent.push(notices);
      gone = done;
    });
    outbox.add('t', 'first', { value: 1, until });
    await vi.advanceTimersByTimeAsync(10);
    outbox.add('t', 'short', { value: 1, until: performance.now() + 100 });
    await vi.advanceTimersByTimeAsync(1_000);
    gone?.();
    await vi.advanceTimersByTimeAsync(1_000);
    outbox.close();
    expect(sent).toHaveLength(1);
  });
});
