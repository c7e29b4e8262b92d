import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { record, scripted } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import { EpollConnection } from './connection.ts';
import { EVENT_IN, EVENT_RDHUP, MAX_EVENTS, RECEIVE_LENGTH } from '../system/system.ts';

const { EAGAIN } = constants.errno;

test('what is known to be left unread is pending', async () => {
  const { system, connect } = scripted();
  const connection = connect(5);
  const seen: boolean[] = [];
  connection.handler = { ...ignoreEvents, data: () => void seen.push(connection.pending) };
  connection.resume();
  expect(connection.pending).toBe(false);
  system.receives.push(RECEIVE_LENGTH, 10);
  await system.happens(system.event(5, EVENT_IN));
  await nextIteration();
  expect([seen, connection.pending]).toEqual([[true, false], false]);
});

test('after a full receive buffer the connection is read once more in the next iteration, after a short one it is not', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(RECEIVE_LENGTH, RECEIVE_LENGTH, 5, 6);
  await system.happens(system.event(5, EVENT_IN));
  await nextIteration();
  await nextIteration();
  expect(events).toEqual([`data ${RECEIVE_LENGTH}`, `data ${RECEIVE_LENGTH}`, 'data 5']);
});

test('an end behind the last bytes is read without another event', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(10, 0);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  expect(events).toEqual(['data 10', 'ended']);
});

test('there is news when the system says so, or an event has, or the connection is closed', () => {
  const { system, connect } = scripted();
  const connection = connect();
  expect([connection.pending, connection.hasUnreadInput()]).toEqual([false, false]);
  system.peeked = 1;
  expect([connection.pending, connection.hasUnreadInput()]).toEqual([false, true]);
  system.peeked = -EAGAIN;
  connection.onEvents(EVENT_IN);
  expect(connection.hasUnreadInput()).toBe(true);
  const closed = connect(6);
  closed.destroy();
  closed.acknowledge();
  expect(closed.hasUnreadInput()).toBe(true);
});

test('in an iteration the events that were taken say whether there is news, and the system is not asked', async () => {
  const { system, connect } = scripted();
  const peek = vi.spyOn(system, 'peek');
  const [asking, later, quiet] = [connect(5), connect(6), connect(7)];
  const news: boolean[] = [];
  asking.handler = { ...ignoreEvents, data: () => void news.push(later.hasUnreadInput(), quiet.hasUnreadInput()) };
  asking.resume();
  system.receives.push(10);
  await system.happens(system.event(5, EVENT_IN), system.event(6, EVENT_IN));
  expect(news).toEqual([true, false]);
  expect(peek).not.toHaveBeenCalled();
});

test('when there may be more events than were taken, the system is asked whether there is news', async () => {
  const { system, connect } = scripted();
  const peek = vi.spyOn(system, 'peek');
  const [asking, quiet] = [connect(5), connect(7)];
  const news: boolean[] = [];
  asking.handler = { ...ignoreEvents, data: () => void news.push(quiet.hasUnreadInput()) };
  asking.resume();
  system.receives.push(10);
  system.peeked = 1;
  await system.happens(...Array.from({ length: MAX_EVENTS }, () => system.event(5, EVENT_IN)));
  expect(news).toEqual([true]);
  expect(peek).toHaveBeenCalledExactlyOnceWith(7);
});

test('to acknowledge is one option, and none for sockets in the file system', () => {
  const { system, poller, connect } = scripted();
  const options = vi.spyOn(system, 'setOption');
  connect().acknowledge();
  expect(options).toHaveBeenCalledExactlyOnceWith(5, { level: 6, name: 12 }, 2);
  new EpollConnection(poller, 7, { family: 'unix', path: '/a' }).acknowledge();
  expect(options).toHaveBeenCalledTimes(1);
});

test('an event while paused is remembered until resume', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  system.receives.push(10, 0);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  expect(events).toEqual([]);
  connection.resume();
  await nextIteration();
  expect(events).toEqual(['data 10', 'ended']);
});
