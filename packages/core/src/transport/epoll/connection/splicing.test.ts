import { constants } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { record, Recorder, REMOTE, scripted } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { Connection } from '../../../base/connection.ts';
import { EVENT_IN, EVENT_OUT, EVENT_RDHUP, MOST_WAITED } from '../system/system.ts';

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

describe('forwarding', () => {
  function pair() {
    const made = scripted();
    const sender = made.connect(5);
    const receiver = made.connect(6);
    const events = record(sender);
    const receiverEvents = record(receiver);
    sender.resume();
    return { ...made, sender, receiver, events, receiverEvents };
  }

  test('asks a slow sender again, a bounded number of times, before others have their turn', async () => {
    const { system, poller, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(...Array.from({ length: 22 }, () => 10));
    const order: string[] = [];
    const neighbour = new Recorder(() => order.push(...events));
    poller.add(7, neighbour);
    system.batches.push([system.event(7, EVENT_IN)]);
    await nextTurn();
    expect(order).toEqual(['forwarded 80']);
    await nextTurn();
    expect(events).toEqual(['forwarded 80', 'forwarded 30']);
  });

  test('of much is waited for within the turn; of little, or beside anything else, it is not', async () => {
    const { system, poller, sender, receiver, events, receiverEvents } = pair();
    const neighbour = new Recorder();
    poller.add(7, neighbour);
    system.pipes = [];
    sender.forward(receiver);
    await nextTurn();
    system.waits.length = 0;

    system.moves.push(100_000, 100_000, -EAGAIN, 10, 10, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)], [system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(events).toEqual(['forwarded 100000', 'forwarded 10']);
    expect(system.waits).toEqual([0, MOST_WAITED, MOST_WAITED]);

    system.waits.length = 0;
    system.moves.push(10, 10, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(system.waits).toEqual([0, 0]);

    system.waits.length = 0;
    system.moves.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN), system.event(7, EVENT_IN)]);
    await nextTurn();
    expect(neighbour.masks).toEqual([EVENT_IN]);
    expect(system.waits).toEqual([0]);

    // Work may settle promises, whose continuations are for the end of the turn.
    system.waits.length = 0;
    system.moves.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)]);
    poller.queue(neighbour);
    await nextTurn();
    expect([neighbour.worked, ...system.waits]).toEqual([1, 0]);

    // So may whoever hears that there is room again.
    system.waits.length = 0;
    system.sends.push(-EAGAIN);
    receiver.write(Buffer.from('x'));
    system.moves.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(6, EVENT_OUT)]);
    await nextTurn();
    expect([...receiverEvents, ...system.waits]).toEqual(['drained', 0]);
  });

  test('is not waited for before what was written meanwhile is sent', async () => {
    const { system, connect, sender, receiver } = pair();
    const third = connect(7);
    system.pipes = [];
    sender.forward(receiver);
    sender.handler = { ...ignoreEvents, forwarded: () => void third.write(Buffer.from('x')) };
    // More than one piece of work carries: the rest is work of the same turn.
    system.moves.push(...Array.from({ length: 2 * 8 }, () => 50_000), 10, 10, -EAGAIN);
    const sentBefore: number[] = [];
    const wait = system.wait.bind(system);
    system.wait = (epoll, milliseconds) => {
      if (milliseconds > 0) sentBefore.push(system.sent.length);
      return wait(epoll, milliseconds);
    };
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(system.sent).toEqual(['x', 'x']);
    expect(sentBefore).toEqual([2]);
  });

  test('is not waited for when the time of the turn is over', async () => {
    const { system, sender, receiver } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(...Array.from({ length: 2 * 8 }, () => 50_000), 10, 10, -EAGAIN);
    sender.handler = {
      ...ignoreEvents,
      forwarded: (octets) => {
        // The work of the second round takes longer than a turn may go on.
        const until = performance.now() + (octets === 10 ? 5 : 0);
        while (performance.now() < until);
      },
    };
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(system.moves).toEqual([]);
    expect(system.waits).toEqual([0, 0]);
  });

  test('without end leaves the loop its turn nevertheless', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.move = (_from, _to, length) => Math.min(100_000, length);
    const wait = system.wait.bind(system);
    system.wait = (...parameters) => {
      system.batches.push([system.event(5, EVENT_IN)]);
      return wait(...parameters);
    };
    await nextTurn();
    await nextTurn();
    expect(events.length).toBeGreaterThan(1);
    sender.destroy();
  });

  test('does not hold up what was written in the same turn', async () => {
    const { system, sender, receiver } = pair();
    system.pipes = [];
    sender.forward(receiver);
    receiver.handler = { ...ignoreEvents, data: () => void sender.write(Buffer.from('up')) };
    receiver.resume();
    system.receives.push(2);
    const pieces = [1, 2, 3].map(() => 1024 * 1024);
    system.moves.push(...pieces.flatMap((piece) => [piece, piece]));
    system.batches.push([system.event(6, EVENT_IN | EVENT_OUT)]);
    const sentBefore: number[] = [];
    const move = system.move.bind(system);
    system.move = (...parameters) => {
      sentBefore.push(system.sent.length);
      return move(...parameters);
    };
    await nextTurn();
    await nextTurn();
    expect(system.sent).toEqual(['up']);
    expect(sentBefore.at(-1)).toBe(1);
  });

  test('goes through a pipe, and only while octets are on their way', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    expect(sender.forward(receiver)).toBe(true);
    system.moves.push(100, 60, 40, 50, 50);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 150']);
    expect(system.moved).toEqual(['5→201: 100', '200→6: 60', '200→6: 40', '5→201: 50', '200→6: 50', '5→201: -11']);
    sender.destroy();
    receiver.destroy();
    // The next one to forward mostly is not far: the pipe is kept for a moment.
    expect(system.closed).toEqual([5, 6]);
    vi.advanceTimersByTime(1_000);
    expect(system.closed.toSorted((a, b) => a - b)).toEqual([5, 6, 200, 201]);
  });

  test('waits for the receiver, keeps what is on its way, and asks the sender for no more', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(100, 30, -EAGAIN);
    await nextTurn();
    expect(events).toEqual(['forwarded 30']);
    await system.happens(system.event(5, EVENT_IN));
    expect(system.moved).toHaveLength(3);
    system.moves.push(70, 0);
    await system.happens(system.event(6, EVENT_OUT));
    await nextTurn();
    expect(events).toEqual(['forwarded 30', 'forwarded 70', 'ended']);
    expect(system.moved.slice(3)).toEqual(['200→6: 70', '5→201: 0']);
    // Meanwhile the sender's octets wake nobody.
    expect(system.rewatched).toEqual(['5: room', '5: everything']);
  });

  test('a pause stops it, except for what is on its way', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(100, -EAGAIN);
    await nextTurn();
    sender.pause();
    system.moves.push(100);
    await system.happens(system.event(6, EVENT_OUT));
    await system.happens(system.event(5, EVENT_IN));
    expect(events).toEqual(['forwarded 100']);
    system.moves.push(7, 7);
    sender.resume();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 100', 'forwarded 7']);
  });

  test('without a pipe copies, at the pace of the receiver, whose owner hears nothing of it', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    expect(sender.forward(receiver)).toBe(true);
    system.receives.push(10, 20, 0);
    system.sends.push(10, -EAGAIN);
    await nextTurn();
    await nextTurn();
    await nextTurn();
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
    system.moves.push(5, 5);
    await nextTurn();
    expect(events).toEqual([]);
    await system.happens(system.event(6, EVENT_OUT));
    expect(system.sent).toEqual(['before']);
    expect(events).toEqual(['forwarded 5']);
  });

  test('a receiver that is reset is told to its owner; what was on its way is dropped with its pipe', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(100, -EPIPE);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(receiverEvents).toEqual([expect.stringMatching(/^closed: .*EPIPE/)]);
    expect(system.closed.toSorted((a, b) => a - b)).toEqual([6, 200, 201]);
    sender.destroy();
    await nextTurn();
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
    system.moves.push(5, 5, 0);
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 5']);
    system.moves.push(0);
    sender.resume();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 5', 'ended']);
  });

  test('both ways ends when both peers are gone: neither waits for the other', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    system.pipes = [];
    receiver.resume();
    sender.forward(receiver);
    receiver.forward(sender);
    system.moves.push(100, -EPIPE, 100, -EPIPE);
    system.receives.push(0);
    for (let iteration = 0; iteration < 4; iteration += 1) await nextTurn();
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
    await nextTurn();
    system.moves.push(5, 5);
    process.once('uncaughtException', failed.resolve);
    await system.happens(system.event(6, EVENT_OUT));
    expect(await failed.promise).toMatchObject({ message: 'a defect' });
    await nextTurn();
    expect(events).toEqual(['forwarded 5']);
  });

  test('to a receiver that is given up while it has no room does not hold up the next', async () => {
    const { system, sender, receiver, connect } = pair();
    system.pipes = [];
    const carried: string[] = [];
    const next = connect(7);
    record(next);
    sender.handler = {
      ...ignoreEvents,
      forwarded(octets) {
        carried.push(`${octets}`);
        if (carried.length > 1) return;
        receiver.destroy();
        sender.forward(next);
      },
    };
    sender.forward(receiver);
    system.moves.push(100, 30, -EAGAIN);
    await nextTurn();
    system.moves.push(50, 50);
    await nextTurn();
    await nextTurn();
    expect(carried).toEqual(['30', '50']);
  });

  test('of so many octets ends after them, and what follows is delivered', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    expect(sender.forward(receiver, 150)).toBe(true);
    system.moves.push(100, 100, 50, 30, -EAGAIN);
    await nextTurn();
    await nextTurn();
    expect([events, receiver.queued]).toEqual([['forwarded 130'], 20]);
    system.moves.push(20);
    system.receives.push(7);
    await system.happens(system.event(6, EVENT_OUT));
    await nextTurn();
    expect(system.moved.slice(2)).toEqual(['5→201: 50', '200→6: 30', '200→6: -11', '200→6: 20']);
    expect([events.slice(1), receiver.queued]).toEqual([['forwarded 20', 'data 7'], 0]);
    expect(sender.forward(receiver, 10)).toBe(true);
  });

  test('of so many octets gives up where there is no pipe: they are delivered', async () => {
    const { system, sender, receiver, events } = pair();
    sender.forward(receiver, 150);
    system.receives.push(10);
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['data 10']);
    receiver.write(Buffer.from('by the owner'));
    expect(system.sent).toEqual(['by the owner']);
  });

  test('to a connection that closes leaves the rest to the owner of the sender', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver, 150);
    system.moves.push(100, -EAGAIN);
    await nextTurn();
    receiver.destroy();
    system.receives.push(5, 0);
    await nextTurn();
    await nextTurn();
    await nextTurn();
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

  test('no more pipes are made than the system permits everybody', async () => {
    const { system, connect } = scripted();
    system.pipes = [];
    for (let tunnel = 0; tunnel < 40; tunnel += 1) {
      const sender = connect(1000 + 2 * tunnel);
      sender.resume();
      sender.forward(connect(1001 + 2 * tunnel));
      system.moves.push(...(tunnel < 32 ? [100, -EAGAIN] : []));
    }
    await nextTurn();
    await nextTurn();
    expect(system.pipes).toHaveLength(32);
  });
});
