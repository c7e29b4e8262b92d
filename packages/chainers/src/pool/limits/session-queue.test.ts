import { sessionWriter } from '@inband/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeSession } from '../../../../../test/chainers/fake-establisher.ts';
import type { PoolMember } from '../members/pool-member.ts';
import { PoolNote } from '../members/pool-note.ts';
import { SessionQueue } from './session-queue.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const member = {} as PoolMember;

/** A queue for a pool with `room` free places. */
function queueWith({ room = 0, size = 3, timeout = 1_000 } = {}) {
  const state = { room, asked: 0 };
  const queue = new SessionQueue({
    size: () => size,
    timeout,
    take() {
      state.asked += 1;
      if (state.room === 0) return undefined;
      state.room -= 1;
      return member;
    },
  });
  const served: number[] = [];
  const failed: (readonly [number, string])[] = [];
  let count = 0;
  function enter(note = new PoolNote()) {
    const number = (count += 1);
    const session = fakeSession();
    const waits = queue.wait(session, note).then(
      () => void served.push(number),
      (error: { code: string; setting?: string }) => void failed.push([number, error.setting ?? error.code]),
    );
    return { session, note, waits };
  }
  return { queue, state, served, failed, enter };
}

test('the first to come are the first to be served, and nobody is asked twice who cannot be', async () => {
  const { queue, state, served, enter } = queueWith();
  const all = [enter(), enter(), enter()];
  state.room = 2;
  queue.serve();
  await Promise.all(all.slice(0, 2).map(({ waits }) => waits));
  expect([served, state.asked, queue.length]).toEqual([[1, 2], 3, 1]);
  state.room = 1;
  queue.serve();
  await all[2]?.waits;
  expect(served).toEqual([1, 2, 3]);
});

test('a session that waits too long gets an error that names the setting, and the next one waits its own time', async () => {
  const { failed, enter } = queueWith();
  const first = enter();
  vi.advanceTimersByTime(600);
  const second = enter();
  vi.advanceTimersByTime(400);
  await first.waits;
  expect(failed).toEqual([[1, 'chainer.queue.timeout']]);
  vi.advanceTimersByTime(600);
  await second.waits;
  expect(failed).toHaveLength(2);
});

test('more than may wait are refused at once', async () => {
  const { failed, enter, queue } = queueWith({ size: 1 });
  enter();
  await enter().waits;
  expect(failed).toEqual([[2, 'chainer.queue.size']]);
  queue.close();
});

test('a session that is aborted, or over, leaves its place to the next', async () => {
  const { queue, state, served, failed, enter } = queueWith();
  const [first, second, third] = [enter(), enter(), enter()];
  sessionWriter.abort(first.session);
  second.note.isOver = true;
  state.room = 1;
  queue.serve();
  await Promise.all([first, second, third].map(({ waits }) => waits));
  expect([served, failed.map(([number]) => number)]).toEqual([[3], [1, 2]]);
  const late = fakeSession();
  sessionWriter.abort(late);
  await expect(queue.wait(late, new PoolNote())).rejects.toMatchObject({ fault: 'client' });
});

test('one that may not have the server with room does not keep others from it', async () => {
  const { queue, state, served, enter } = queueWith();
  const note = new PoolNote();
  note.exclude(member);
  const [picky, other] = [enter(note), enter()];
  const takeFor = vi.spyOn(note, 'hasFailures', 'get');
  state.room = 0;
  queue.serve();
  expect([state.asked, takeFor.mock.calls.length]).toEqual([2, 1]);
  state.room = 2;
  queue.serve();
  await Promise.all([picky.waits, other.waits]);
  expect(served).toEqual([1, 2]);
});
