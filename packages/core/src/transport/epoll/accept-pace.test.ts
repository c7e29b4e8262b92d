import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { REMOTE, scripted } from '../../../test-support/scripted-system.ts';
import { ConnectionGate } from '../../clients/connection-gate.ts';
import { AcceptPace } from './accept-pace.ts';
import { openListener } from './open-listener.ts';
import { EVENT_IN } from './system/system.ts';

function paced() {
  const clock = { now: 0, isFull: true };
  const pace = new AcceptPace(() => clock.now);
  /** Iterations that leave clients in the queue. */
  const behind = (milliseconds: number, iteration = 5): number => {
    let most = 0;
    for (const until = clock.now + milliseconds; clock.now < until; clock.now += iteration) {
      most = pace.next();
      pace.behind(1_000, () => clock.isFull);
    }
    return most;
  };
  return { clock, pace, behind };
}

describe('the pace of a listener', () => {
  test('a queue that is not empty for less than the time is a burst', () => {
    const { pace, behind } = paced();
    behind(1_000);
    expect(pace.isOverloaded).toBe(false);
    pace.next();
    pace.caughtUp();
    behind(1_000);
    expect(pace.isOverloaded).toBe(false);
  });

  test('one that is not empty for the time is an overload, until it is', () => {
    const { pace, behind } = paced();
    behind(1_005);
    expect(pace.isOverloaded).toBe(true);
    pace.next();
    pace.caughtUp();
    expect(pace.isOverloaded).toBe(false);
  });

  test('as long as the queue has room for all that come it is none, however long it lasts', () => {
    const { clock, pace, behind } = paced();
    clock.isFull = false;
    behind(10_000);
    expect(pace.isOverloaded).toBe(false);
    clock.isFull = true;
    behind(5);
    expect(pace.isOverloaded).toBe(true);
  });

  test('soon after an overload the next one is recognised early, later it is not', () => {
    const { clock, pace, behind } = paced();
    behind(1_005);
    pace.caughtUp();
    behind(30);
    expect(pace.isOverloaded).toBe(true);
    pace.caughtUp();
    clock.now += 5_000;
    behind(900);
    expect(pace.isOverloaded).toBe(false);
  });

  test('in an overload fewer are accepted when iterations are long, but some', () => {
    const { behind } = paced();
    expect(behind(1_005)).toBe(32);
    expect(behind(20, 20)).toBe(32);
    expect(behind(20, 20)).toBe(16);
    expect(behind(50, 10)).toBe(12);
    expect(behind(4_000, 1_000)).toBe(4);
  });

  test('the pace of an overload is kept until it is forgotten, and grows with each time that the queue is empty', () => {
    const { clock, pace, behind } = paced();
    behind(1_005);
    behind(100, 20);
    expect(pace.next()).toBeLessThan(10);
    const before = pace.next();
    pace.caughtUp();
    pace.caughtUp();
    expect(pace.next()).toBe(before + 1);
    clock.now += 6_000;
    behind(5);
    expect(pace.next()).toBe(32);
  });
});

describe('a listener', () => {
  /** A gate that sees an overload at once. */
  function overloaded(limits = {}) {
    const resets: number[] = [];
    const gate = new ConnectionGate({ overloadAfter: 0, onOverload: (count) => resets.push(count), ...limits });
    return { gate, resets };
  }

  test('resets in an overload what it has no time for, says how many, and accepts the others', async () => {
    // How many it accepts depends on how long an iteration takes, which is no time here.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { system, poller } = scripted();
    const { gate, resets } = overloaded();
    let accepted = 0;
    const listener = openListener(poller, REMOTE, { gate }, () => (accepted += 1));
    if ('errno' in listener) throw new Error('not listening');
    for (let client = 0; client < 100; client += 1) system.accepts.push(100 + client);
    await system.happens(system.event(3, EVENT_IN));
    expect([accepted, resets]).toEqual([32, [68]]);
    expect(system.resets).toEqual(Array.from({ length: 68 }, (_, index) => 132 + index));
    expect(system.closed).toEqual(system.resets);
    // The queue is empty: the next clients are accepted.
    await nextIteration();
    for (let client = 0; client < 32; client += 1) system.accepts.push(300 + client);
    await system.happens(system.event(3, EVENT_IN));
    expect([accepted, resets]).toEqual([64, [68]]);
    await listener.close();
  });

  test('resets nobody while clients wait for a place', async () => {
    const { system, poller } = scripted();
    const { gate, resets } = overloaded({ connections: 20 });
    let accepted = 0;
    const listener = openListener(poller, REMOTE, { gate }, () => (accepted += 1));
    if ('errno' in listener) throw new Error('not listening');
    for (let client = 0; client < 100; client += 1) system.accepts.push(100 + client);
    await system.happens(system.event(3, EVENT_IN));
    expect([accepted, resets]).toEqual([20, []]);
    system.accepts.length = 0;
    await listener.close();
  });

  test('resets nobody if it never shall', async () => {
    const { system, poller } = scripted();
    const { gate, resets } = overloaded({ overloadAfter: undefined });
    const accepted: unknown[] = [];
    const listener = openListener(poller, REMOTE, { gate }, (client) => accepted.push(client));
    if ('errno' in listener) throw new Error('not listening');
    for (let client = 0; client < 100; client += 1) system.accepts.push(100 + client);
    await system.happens(system.event(3, EVENT_IN));
    while (accepted.length < 100) await nextIteration();
    expect(resets).toEqual([]);
    await listener.close();
  });
});
