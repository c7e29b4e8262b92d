import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { pair, record, REMOTE, scripted } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { Connection } from '../../../base/connection.ts';
import { EVENT_IN, EVENT_OUT, EVENT_RDHUP } from '../system/system.ts';

const { EAGAIN, EPIPE } = constants.errno;

const ignoredConnection: Connection = {
  local: REMOTE,
  remote: REMOTE,
  handler: ignoreEvents,
  queued: 0,
  write: () => true,
  pause: () => undefined,
  resume: () => undefined,
  end: () => undefined,
  destroy: () => undefined,
};

describe('a splice', () => {
  test('goes through a pipe, and has it only while bytes are in it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    expect(sender.forward(receiver)).toBe(true);
    system.splices.push(100, 60, 40, 50, 50);
    await nextIteration();
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['forwarded 150']);
    expect(system.spliced).toEqual(['5→201: 100', '200→6: 60', '200→6: 40', '5→201: 50', '200→6: 50', '5→201: -11']);
    sender.destroy();
    receiver.destroy();
    // The next one to forward mostly is not far: the pipe is kept for a moment.
    expect(system.closed).toEqual([5, 6]);
    vi.advanceTimersByTime(1_000);
    expect(system.closed.toSorted((a, b) => a - b)).toEqual([5, 6, 200, 201]);
  });

  test('waits for the receiver, keeps what is in the pipe, and asks the sender for no more', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.splices.push(100, 30, -EAGAIN);
    await nextIteration();
    expect(events).toEqual(['forwarded 30']);
    await system.happens(system.event(5, EVENT_IN));
    expect(system.spliced).toHaveLength(3);
    system.splices.push(70, 0);
    await system.happens(system.event(6, EVENT_OUT));
    await nextIteration();
    expect(events).toEqual(['forwarded 30', 'forwarded 70', 'ended']);
    expect(system.spliced.slice(3)).toEqual(['200→6: 70', '5→201: 0']);
    // Meanwhile the sender's bytes wake nobody.
    expect(system.rewatched).toEqual(['5: room', '5: everything']);
  });

  test('stops when the owner pauses, except for what is in the pipe', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.splices.push(100, -EAGAIN);
    await nextIteration();
    sender.pause();
    system.splices.push(100);
    await system.happens(system.event(6, EVENT_OUT));
    await system.happens(system.event(5, EVENT_IN));
    expect(events).toEqual(['forwarded 100']);
    system.splices.push(7, 7);
    sender.resume();
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['forwarded 100', 'forwarded 7']);
  });

  test('copies if there is no pipe, at the pace of the receiver, whose owner hears nothing of it', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    expect(sender.forward(receiver)).toBe(true);
    system.receives.push(10, 20, 0);
    system.sends.push(10, -EAGAIN);
    await nextIteration();
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['forwarded 10', 'forwarded 20']);
    expect(receiver.queued).toBe(20);
    await system.happens(system.event(6, EVENT_OUT));
    expect(events).toEqual(['forwarded 10', 'forwarded 20', 'ended']);
    expect(receiverEvents).toEqual([]);
  });

  test('begins when what the owner had written has gone out', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    system.sends.push(-EAGAIN);
    receiver.write(Buffer.from('before'));
    sender.forward(receiver);
    system.splices.push(5, 5);
    await nextIteration();
    expect(events).toEqual([]);
    await system.happens(system.event(6, EVENT_OUT));
    expect(system.sent).toEqual(['before']);
    expect(events).toEqual(['forwarded 5']);
  });

  test('to a receiver that is reset is told to its owner; what was in the pipe is dropped with it', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.splices.push(100, -EPIPE);
    await nextIteration();
    await nextIteration();
    await nextIteration();
    expect(receiverEvents).toEqual([expect.stringMatching(/^closed: .*EPIPE/)]);
    expect(system.closed.toSorted((a, b) => a - b)).toEqual([6, 200, 201]);
    sender.destroy();
    await nextIteration();
    expect(events).toEqual(['closed']);
  });

  test('tells an owner that pauses on hearing of progress of the end only when it resumes', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.handler = {
      ...sender.handler,
      forwarded: (bytes) => {
        events.push(`forwarded ${bytes}`);
        sender.pause();
      },
    };
    sender.forward(receiver);
    system.splices.push(5, 5, 0);
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['forwarded 5']);
    system.splices.push(0);
    sender.resume();
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['forwarded 5', 'ended']);
  });

  test('both ways ends when both peers are gone: neither waits for the other', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    system.pipes = [];
    receiver.resume();
    sender.forward(receiver);
    receiver.forward(sender);
    system.splices.push(100, -EPIPE, 100, -EPIPE);
    system.receives.push(0);
    for (let iteration = 0; iteration < 4; iteration += 1) await nextIteration();
    expect([events, receiverEvents]).toEqual([
      [expect.stringMatching(/^closed: .*EPIPE/)],
      [expect.stringMatching(/^closed: .*EPIPE/)],
    ]);
  });

  test('goes on when the owner of the receiver throws on hearing that there is room', async () => {
    const { system, sender, receiver, events } = pair();
    const failed = Promise.withResolvers<unknown>();
    system.pipes = [];
    system.sends.push(-EAGAIN);
    receiver.write(Buffer.from('before'));
    receiver.handler = {
      ...ignoreEvents,
      drained: () => {
        throw new Error('a defect');
      },
    };
    sender.forward(receiver);
    await nextIteration();
    system.splices.push(5, 5);
    process.once('uncaughtException', failed.resolve);
    await system.happens(system.event(6, EVENT_OUT));
    expect(await failed.promise).toMatchObject({ message: 'a defect' });
    await nextIteration();
    expect(events).toEqual(['forwarded 5']);
  });

  test('to a receiver that is given up while it has no room does not hold up the next', async () => {
    const { system, sender, receiver, connect } = pair();
    system.pipes = [];
    const moved: string[] = [];
    const next = connect(7);
    record(next);
    sender.handler = {
      ...ignoreEvents,
      forwarded(bytes) {
        moved.push(`${bytes}`);
        if (moved.length > 1) return;
        receiver.destroy();
        sender.forward(next);
      },
    };
    sender.forward(receiver);
    system.splices.push(100, 30, -EAGAIN);
    await nextIteration();
    system.splices.push(50, 50);
    await nextIteration();
    await nextIteration();
    expect(moved).toEqual(['30', '50']);
  });

  test('of so many bytes ends after them, and what follows is delivered', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    expect(sender.forward(receiver, 150)).toBe(true);
    system.splices.push(100, 100, 50, 30, -EAGAIN);
    await nextIteration();
    await nextIteration();
    expect([events, receiver.queued]).toEqual([['forwarded 130'], 20]);
    system.splices.push(20);
    system.receives.push(7);
    await system.happens(system.event(6, EVENT_OUT));
    await nextIteration();
    expect(system.spliced.slice(2)).toEqual(['5→201: 50', '200→6: 30', '200→6: -11', '200→6: 20']);
    expect([events.slice(1), receiver.queued]).toEqual([['forwarded 20', 'data 7'], 0]);
    expect(sender.forward(receiver, 10)).toBe(true);
  });

  test('of so many bytes gives up where there is no pipe: they are delivered', async () => {
    const { system, sender, receiver, events } = pair();
    sender.forward(receiver, 150);
    system.receives.push(10);
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['data 10']);
    receiver.write(Buffer.from('by the owner'));
    expect(system.sent).toEqual(['by the owner']);
  });

  test('to a connection that closes leaves the rest to the owner of the sender', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver, 150);
    system.splices.push(100, -EAGAIN);
    await nextIteration();
    receiver.destroy();
    system.receives.push(5, 0);
    await nextIteration();
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['data 5']);
    await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
    expect(events).toEqual(['data 5', 'ended']);
  });

  test('is refused where it cannot be', async () => {
    const { sender, receiver, connect } = pair();
    const third = connect(7);
    expect(sender.forward(ignoredConnection)).toBe(false);
    expect(sender.forward(sender)).toBe(false);
    expect(sender.forward(receiver)).toBe(true);
    expect(sender.forward(third)).toBe(false);
    expect(third.forward(receiver)).toBe(false);
    const finished = connect(8);
    finished.end();
    expect(third.forward(finished)).toBe(false);
    const closed = connect(9);
    closed.destroy();
    expect(third.forward(closed)).toBe(false);
    expect(closed.forward(third)).toBe(false);
  });

  test('does without a pipe when as many are made as the system permits', async () => {
    const { system, connect } = scripted();
    system.pipes = [];
    for (let tunnel = 0; tunnel < 40; tunnel += 1) {
      const sender = connect(1000 + 2 * tunnel);
      sender.resume();
      sender.forward(connect(1001 + 2 * tunnel));
      system.splices.push(...(tunnel < 32 ? [100, -EAGAIN] : []));
    }
    await nextIteration();
    await nextIteration();
    expect(system.pipes).toHaveLength(32);
  });
});
