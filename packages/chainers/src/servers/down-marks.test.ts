import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LinkedWorkers } from '../../../../test/support/workers/linked-workers.ts';
import { DownMarks } from './down-marks.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a mark lasts for stateTimeout', () => {
  const marks = new DownMarks(1_000);
  marks.mark('a', 'It refused.');
  vi.advanceTimersByTime(999);
  expect(marks.has('a')).toBe(true);
  expect(marks.has('b')).toBe(false);
  vi.advanceTimersByTime(1);
  expect(marks.has('a')).toBe(false);
});

test('a mark can be taken back', () => {
  const marks = new DownMarks(1_000);
  marks.mark('a', 'It refused.');
  marks.clear('a');
  expect(marks.has('a')).toBe(false);
});

test('with a stateTimeout of 0 nothing is ever down', () => {
  const marks = new DownMarks(0);
  marks.mark('a', 'It refused.');
  expect(marks.has('a')).toBe(false);
});

describe('marks of the workers of a machine', () => {
  let linked: LinkedWorkers;

  beforeEach(() => void (linked = new LinkedWorkers(3)));
  afterEach(() => {
    linked.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  function marksOf(stateTimeout = 10_000): [DownMarks, DownMarks, DownMarks] {
    const [first, second, third] = linked.of('chainer').map((own) => new DownMarks(stateTimeout, own.topic('marks')));
    if (first === undefined || second === undefined || third === undefined) throw new Error('There are three.');
    return [first, second, third];
  }

  const told = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);

  test('are the same: what one has marked is down for all, as long, and what one has cleared is up for all', async () => {
    const [first, second, third] = marksOf();
    first.mark('a', 'It refused.');
    await told();
    const [[key, mark] = []] = second.all();
    expect([key, mark?.why, mark?.since, mark?.isHeard]).toEqual(['a', 'It refused.', first.all()[0]?.[1].since, true]);
    expect(first.all()[0]?.[1].isHeard).toBe(false);
    third.clear('a');
    await told();
    expect([first.has('a'), second.has('a'), third.has('a')]).toEqual([false, false, false]);
    first.mark('a', 'It refused.');
    await vi.advanceTimersByTimeAsync(10_100);
    expect([first.has('a'), second.has('a')]).toEqual([false, false]);
  });

  test('stay where they are when one worker lifts one, until a session has been served', async () => {
    const [first, second] = marksOf();
    first.mark('a', 'It refused.');
    await told();
    first.lift('a');
    await told();
    expect([first.has('a'), second.has('a')]).toEqual([false, true]);
    first.clear('a');
    await told();
    expect(second.has('a')).toBe(false);
  });

  test('cost no message for each of many failures in a row', async () => {
    const [first, second] = marksOf();
    first.mark('a', 'It refused.');
    await told();
    const { messages } = linked;
    for (let failure = 0; failure < 20; failure += 1) {
      await told();
      first.lift('a');
      first.mark('a', 'It refused.');
    }
    expect(linked.messages).toBe(messages);
    await vi.advanceTimersByTimeAsync(1_000);
    first.mark('a', 'It refused.');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(second.has('a')).toBe(true);
  });

  test('are known to a worker that is started later', async () => {
    const [first] = marksOf();
    first.mark('a', 'It refused.');
    await told();
    const late = new DownMarks(10_000, linked.join().of('chainer').topic('marks'));
    expect(late.has('a')).toBe(true);
  });
});
