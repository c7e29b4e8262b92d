import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { record, REMOTE, scripted } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import { EpollConnection } from './connection.ts';
import { NOTHING } from '../poller/outcome.ts';
import { Poller } from '../poller/poller.ts';
import { transportChannel } from '../../../diagnostics/channels.ts';
import type { TransportMessage } from '../../../diagnostics/transport-messages.ts';
import { EVENT_ERR, EVENT_HUP, EVENT_IN, EVENT_OUT, EVENT_RDHUP } from '../system/system.ts';

const { EAGAIN, ECONNRESET, EPIPE } = constants.errno;

test('a connection that is closed outside of an iteration is told from the event loop', async () => {
  const { connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.destroy();
  expect(events).toEqual([]);
  await nextIteration();
  await nextIteration();
  expect(events).toEqual(['closed']);
});

test('after the end of both sides the connection is closed, which sends FIN by itself', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(0);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  connection.end();
  await nextIteration();
  await nextIteration();
  expect(events).toEqual(['ended', 'closed']);
  expect([system.sent, system.closed]).toEqual([[], [5]]);
});

describe('an end after which the peer sends nothing', () => {
  test('closes the connection, which sends FIN by itself', async () => {
    const { system, connect } = scripted();
    const connection = connect();
    const events = record(connection);
    connection.write(Buffer.from('last'));
    connection.end(true);
    expect([system.sent, system.closed, system.resets]).toEqual([['last'], [5], []]);
    await nextIteration();
    await nextIteration();
    expect(events).toEqual(['closed']);
  });

  test('does so when all that was queued has gone out', async () => {
    const { system, connect } = scripted();
    const connection = connect();
    const events = record(connection);
    system.sends.push(-EAGAIN);
    connection.write(Buffer.from('queued'));
    connection.end(true);
    expect(system.closed).toEqual([]);
    await system.happens(system.event(5, EVENT_OUT));
    expect([system.sent.join(''), system.closed, system.resets]).toEqual(['queued', [5], []]);
    expect(events).toContain('closed');
  });

  test('leaves it open when the peer has sent something nevertheless: closing would be a reset', async () => {
    const { system, connect } = scripted();
    const connection = connect();
    record(connection);
    await system.happens(system.event(5, EVENT_IN));
    connection.end(true);
    expect([system.sent, system.closed]).toEqual([['FIN'], []]);
    connection.destroy();
  });
});

test('a handler that throws when it hears of the end does not keep the connection open', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const failed = Promise.withResolvers<unknown>();
  const closed = Promise.withResolvers<void>();
  connection.handler = {
    ...ignoreEvents,
    ended: () => {
      throw new Error('a defect');
    },
    closed: () => closed.resolve(),
  };
  connection.resume();
  connection.end();
  system.receives.push(0);
  process.once('uncaughtException', failed.resolve);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  expect(await failed.promise).toMatchObject({ message: 'a defect' });
  await closed.promise;
  expect(system.closed).toEqual([5]);
});

test('a peer that hung up while we were sending: what it had sent is delivered before the error', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.sends.push(-EPIPE);
  system.receives.push(30, -ECONNRESET);
  connection.write(Buffer.from('a long body'));
  expect(connection.write(Buffer.from('more of it'))).toBe(true);
  await nextIteration();
  await nextIteration();
  expect(events).toEqual(['data 30', expect.stringMatching(/^closed: .*EPIPE/)]);
  expect(system.closed).toEqual([5]);
});

test('a reset is an error with its errno, also after bytes', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(10, -ECONNRESET);
  await system.happens(system.event(5, EVENT_IN | EVENT_ERR | EVENT_HUP));
  await nextIteration();
  expect(events).toEqual(['data 10', expect.stringContaining('ECONNRESET')]);
});

test('whoever subscribes to inband:transport is told once of a connection that closes, with the errno of the system', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  connection.resume();
  const heard: TransportMessage[] = [];
  const listen = (message: TransportMessage): void => void heard.push(message);
  transportChannel.subscribe(listen);
  system.receives.push(-ECONNRESET);
  await system.happens(system.event(5, EVENT_IN | EVENT_ERR | EVENT_HUP));
  connection.destroy();
  await nextIteration();
  transportChannel.unsubscribe(listen);
  const error = { code: 'connection_terminated', errno: 'ECONNRESET' };
  const { local, remote } = connection;
  expect(heard).toMatchObject([{ event: 'closed', transport: 'epoll', local, remote, error }]);
});

test('in checked mode a connection refuses what cannot happen to a closed one, and to be told twice', async () => {
  const { connect } = scripted();
  const connection = connect();
  const events = record(connection);
  expect(() => connection.onClosed()).toThrow(/'tell closed' cannot happen while the connection is open/);
  connection.destroy();
  expect(() => connection.onEvents(EVENT_IN | EVENT_RDHUP)).toThrow(/'hang-up' cannot happen while .* closed/);
  await nextIteration();
  await nextIteration();
  expect(events).toEqual(['closed']);
  expect(() => connection.onClosed()).toThrow(/'tell closed' cannot happen while the owner has been told/);
});

test('outside of checked mode an event of a closed connection does nothing', () => {
  const { system } = scripted();
  const connection = new EpollConnection(new Poller(system), 5, REMOTE);
  connection.destroy();
  expect(connection.onEvents(EVENT_OUT | EVENT_RDHUP)).toBe(NOTHING);
  expect(system.closed).toEqual([5]);
});
