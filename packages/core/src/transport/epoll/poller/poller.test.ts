import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { record, Recorder, scripted } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { Outcome } from './outcome.ts';
import { EVENT_HUP, EVENT_IN, EVENT_OUT, EVENT_RDHUP, RECEIVE_LENGTH } from '../system/system.ts';

test('an event for a descriptor that was closed earlier in the batch is dropped', async () => {
  const { system, poller } = scripted();
  const second = new Recorder();
  const first = new Recorder(() => poller.set.close(6));
  poller.set.add(5, first);
  poller.set.add(6, second);
  await system.happens(system.event(5, EVENT_IN), system.event(6, EVENT_IN));
  expect(first.masks).toEqual([EVENT_IN]);
  expect(second.masks).toEqual([]);
});

test('a descriptor number with a new owner does not get the events of the old one', async () => {
  const { system, poller } = scripted();
  const newcomer = new Recorder();
  const old = new Recorder();
  const first = new Recorder(() => {
    poller.set.close(6);
    poller.set.add(6, newcomer);
  });
  poller.set.add(5, first);
  poller.set.add(6, old);
  await system.happens(system.event(5, EVENT_IN), system.event(6, EVENT_HUP));
  expect([old.masks, newcomer.masks]).toEqual([[], []]);
  await system.happens(system.event(6, EVENT_IN));
  expect(newcomer.masks).toEqual([EVENT_IN]);
});

test('events wait for setImmediate, and the process for as long as something is watched', async () => {
  const { system, poller } = scripted();
  expect(system.referenced).toBe(false);
  const recorder = new Recorder();
  poller.set.add(5, recorder);
  expect([system.referenced, poller.set.watching]).toEqual([true, 1]);
  system.batches.push([system.event(5, EVENT_IN)]);
  expect(recorder.masks).toEqual([]);
  await nextIteration();
  expect(recorder.masks).toEqual([EVENT_IN]);
  poller.set.close(5);
  expect([system.referenced, poller.set.watching]).toEqual([false, 0]);
});

test('work is done once, in a later call, and what it queues is done in the next round', async () => {
  const { poller } = scripted();
  const recorder = new Recorder();
  poller.queue(recorder);
  poller.queue(recorder);
  expect(recorder.worked).toBe(0);
  await nextIteration();
  expect(recorder.worked).toBe(1);
});

test('a connection that is closed in an iteration is told at its end, once, also when another handler throws', async () => {
  const { system, connect } = scripted();
  const first = connect(5);
  const second = connect(6);
  const told: string[] = [];
  const failed = Promise.withResolvers<unknown>();
  first.handler = {
    ...ignoreEvents,
    data: () => {
      second.destroy();
      first.destroy();
      told.push('data');
    },
    closed: () => void told.push('first'),
  };
  second.handler = {
    ...ignoreEvents,
    closed: () => {
      told.push('second');
      throw new Error('a defect');
    },
  };
  first.resume();
  system.receives.push(1);
  process.once('uncaughtException', failed.resolve);
  await system.happens(system.event(5, EVENT_IN));
  await nextIteration();
  expect(await failed.promise).toMatchObject({ message: 'a defect' });
  expect(told).toEqual(['data', 'second', 'first']);
});

test('iterations do not run in the asynchronous context in which the first connection was opened', async () => {
  const context = new AsyncLocalStorage<string>();
  const { system, poller } = scripted();
  const seen: (string | undefined)[] = [];
  const recorder = new Recorder(() => void seen.push(context.getStore()));
  context.run('a request', () => poller.set.add(5, recorder));
  await system.happens(system.event(5, EVENT_IN));
  await system.happens(system.event(5, EVENT_IN));
  expect(seen).toEqual([undefined, undefined]);
});

test('an event of what was begun in an iteration and is done already is handled in that iteration', async () => {
  const { system, poller } = scripted();
  const begun = new Recorder();
  const beginning = new Recorder(() => {
    poller.set.add(6, begun);
    poller.expectEvent();
    system.batches.push([system.event(6, EVENT_OUT)]);
  });
  poller.set.add(5, beginning);
  system.batches.push([system.event(5, EVENT_IN)]);
  await nextIteration();
  expect(begun.masks).toEqual([EVENT_OUT]);
});

test('events after much was received are handled in the next iterations', async () => {
  const { system, poller } = scripted();
  const greedy = (): Recorder => new Recorder(undefined, 512 * 1024);
  const recorders = Array.from({ length: 5 }, greedy);
  for (const [index, recorder] of recorders.entries()) poller.set.add(index, recorder);
  const handled = (): number => recorders.filter((recorder) => recorder.masks.length > 0).length;
  const perIteration: number[] = [];
  system.batches.push(recorders.map((_recorder, index) => system.event(index, EVENT_IN)));
  for (let iteration = 0; iteration < 3; iteration += 1) {
    await nextIteration();
    perIteration.push(handled());
  }
  expect(perIteration).toEqual([2, 4, 5]);
});

test('work without end does not keep events from being handled', async () => {
  const { system, poller } = scripted();
  class Bulky extends Recorder {
    override onWork(): Outcome {
      const outcome = super.onWork();
      if (this.worked < 100) poller.queue(this);
      return outcome;
    }
  }
  const bulky = [1, 2, 3].map(() => new Bulky(undefined, 1024 * 1024));
  for (const each of bulky) poller.queue(each);
  const small = new Recorder();
  poller.set.add(5, small);
  system.batches.push([system.event(5, EVENT_IN)]);
  await nextIteration();
  expect(small.masks).toEqual([EVENT_IN]);
  for (let iteration = 0; iteration < 5; iteration += 1) await nextIteration();
  // One of them per iteration, and none of them twice before the others.
  expect(bulky.map((each) => each.worked)).toEqual([2, 2, 2]);
});

test('a handler that throws costs nobody else an event, and its own connection nothing either', async () => {
  const { system, connect } = scripted();
  const first = connect(5);
  const second = connect(6);
  const events = record(second);
  const survived: string[] = [];
  first.handler = {
    ...ignoreEvents,
    data: () => {
      survived.push('data');
      if (survived.length === 1) throw new Error('a bug in a handler');
    },
    ended: () => void survived.push('ended'),
  };
  first.resume();
  second.resume();
  const uncaught = vi.fn<() => void>();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', uncaught);
  system.receives.push(RECEIVE_LENGTH, 20, 0, 7);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP), system.event(6, EVENT_IN));
  await nextIteration();
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(uncaught).toHaveBeenCalledOnce();
  expect(survived).toEqual(['data', 'data', 'ended']);
  expect(events).toEqual(['data 7']);
});
