import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { pair, Recorder } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import { EVENT_IN, EVENT_OUT, MOST_WAITED } from '../system/system.ts';

const { EAGAIN } = constants.errno;

describe('a splice', () => {
  test('asks a slow sender again, a bounded number of times, before others are served', async () => {
    const { system, poller, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.splices.push(...Array.from({ length: 22 }, () => 10));
    const order: string[] = [];
    const neighbour = new Recorder(() => order.push(...events));
    poller.set.add(7, neighbour);
    system.batches.push([system.event(7, EVENT_IN)]);
    await nextIteration();
    expect(order).toEqual(['forwarded 80']);
    await nextIteration();
    expect(events).toEqual(['forwarded 80', 'forwarded 30']);
  });

  test('of many bytes is waited for within the iteration; of few, or beside anything else, it is not', async () => {
    const { system, poller, sender, receiver, events, receiverEvents } = pair();
    const neighbour = new Recorder();
    poller.set.add(7, neighbour);
    system.pipes = [];
    sender.forward(receiver);
    await nextIteration();
    system.waits.length = 0;

    system.splices.push(100_000, 100_000, -EAGAIN, 10, 10, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)], [system.event(5, EVENT_IN)]);
    await nextIteration();
    expect(events).toEqual(['forwarded 100000', 'forwarded 10']);
    expect(system.waits).toEqual([0, MOST_WAITED, MOST_WAITED]);

    system.waits.length = 0;
    system.splices.push(10, 10, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextIteration();
    expect(system.waits).toEqual([0, 0]);

    system.waits.length = 0;
    system.splices.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN), system.event(7, EVENT_IN)]);
    await nextIteration();
    expect(neighbour.masks).toEqual([EVENT_IN]);
    expect(system.waits).toEqual([0]);

    // Work may settle promises, whose continuations run at the end of the iteration.
    system.waits.length = 0;
    system.splices.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)]);
    poller.queue(neighbour);
    await nextIteration();
    expect([neighbour.worked, ...system.waits]).toEqual([1, 0]);

    // So may whoever hears that there is room again.
    system.waits.length = 0;
    system.sends.push(-EAGAIN);
    receiver.write(Buffer.from('x'));
    system.splices.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(6, EVENT_OUT)]);
    await nextIteration();
    expect([...receiverEvents, ...system.waits]).toEqual(['drained', 0]);
  });

  test('is not waited for before what was written meanwhile is sent', async () => {
    const { system, connect, sender, receiver } = pair();
    const third = connect(7);
    system.pipes = [];
    sender.forward(receiver);
    sender.handler = { ...ignoreEvents, forwarded: () => void third.write(Buffer.from('x')) };
    // More than one piece of work splices: the rest is work of the same iteration.
    system.splices.push(...Array.from({ length: 2 * 8 }, () => 50_000), 10, 10, -EAGAIN);
    const sentBefore: number[] = [];
    const wait = system.wait.bind(system);
    system.wait = (epoll, milliseconds) => {
      if (milliseconds > 0) sentBefore.push(system.sent.length);
      return wait(epoll, milliseconds);
    };
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextIteration();
    expect(system.sent).toEqual(['x', 'x']);
    expect(sentBefore).toEqual([2]);
  });

  test('is not waited for when the time of the iteration is over', async () => {
    const { system, sender, receiver } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.splices.push(...Array.from({ length: 2 * 8 }, () => 50_000), 10, 10, -EAGAIN);
    sender.handler = {
      ...ignoreEvents,
      forwarded: (bytes) => {
        // The work of the second round takes longer than an iteration may go on.
        if (bytes === 10) system.time += 5;
      },
    };
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextIteration();
    expect(system.splices).toEqual([]);
    expect(system.waits).toEqual([0, 0]);
  });

  test('without end does not keep the event loop from going on', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.splice = (_from, _to, length) => {
      system.time += 0.1;
      return Math.min(100_000, length);
    };
    const wait = system.wait.bind(system);
    system.wait = (...parameters) => {
      system.batches.push([system.event(5, EVENT_IN)]);
      return wait(...parameters);
    };
    await nextIteration();
    expect(events.length).toBeGreaterThan(0);
    const before = events.length;
    await nextIteration();
    expect(events.length).toBeGreaterThan(before);
    sender.destroy();
  });

  test('does not hold up what was written in the same iteration', async () => {
    const { system, sender, receiver } = pair();
    system.pipes = [];
    sender.forward(receiver);
    receiver.handler = { ...ignoreEvents, data: () => void sender.write(Buffer.from('up')) };
    receiver.resume();
    system.receives.push(2);
    const pieces = [1, 2, 3].map(() => 1024 * 1024);
    system.splices.push(...pieces.flatMap((piece) => [piece, piece]));
    system.batches.push([system.event(6, EVENT_IN | EVENT_OUT)]);
    const sentBefore: number[] = [];
    const splice = system.splice.bind(system);
    system.splice = (...parameters) => {
      sentBefore.push(system.sent.length);
      return splice(...parameters);
    };
    await nextIteration();
    await nextIteration();
    expect(system.sent).toEqual(['up']);
    expect(sentBefore.at(-1)).toBe(1);
  });
});
