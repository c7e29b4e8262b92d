import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { passTimeUntil } from '../../../test-support/passing-time.ts';
import { record, REMOTE, scripted } from '../../../test-support/scripted-system.ts';
import type { SockAddr } from '../../base/address.ts';
import type { DirectConnection } from '../../base/connection.ts';
import { transportChannel } from '../../diagnostics/channels.ts';
import type { TransportMessage } from '../../diagnostics/transport-messages.ts';
import { openListener } from './open-listener.ts';
import { EVENT_IN } from './system/system.ts';

const { EMFILE, ENOENT, EPERM } = constants.errno;

test('descriptors run out: accepting pauses, and resumes when one is closed', async () => {
  const { system, poller, connect } = scripted();
  const other = connect(9);
  const accepted: number[] = [];
  const listener = openListener(poller, REMOTE, {}, () => accepted.push(1));
  if ('errno' in listener) throw new Error('not listening');
  system.accepts.push(20, -EMFILE, 21);
  await system.happens(system.event(3, EVENT_IN));
  expect(accepted).toHaveLength(1);
  await system.happens();
  expect(accepted).toHaveLength(1);
  other.destroy();
  await nextIteration();
  await nextIteration();
  expect(accepted).toHaveLength(2);
  await listener.close();
});

test('descriptors run out and none of ours is closed: accepting is tried again before long', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { system, poller } = scripted();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const listener = openListener(poller, REMOTE, {}, resolve);
  if ('errno' in listener) throw new Error('not listening');
  system.accepts.push(-EMFILE, 20);
  await system.happens(system.event(3, EVENT_IN));
  await passTimeUntil(promise);
  await listener.close();
});

test('descriptors run out: whoever subscribes to inband:transport is told, and by which listener', async () => {
  const { system, poller } = scripted();
  const listener = openListener(poller, REMOTE, {}, () => {});
  if ('errno' in listener) throw new Error('not listening');
  const heard: TransportMessage[] = [];
  const listen = (message: TransportMessage): void => void heard.push(message);
  transportChannel.subscribe(listen);
  system.accepts.push(-EMFILE);
  await system.happens(system.event(3, EVENT_IN));
  transportChannel.unsubscribe(listen);
  expect(heard).toEqual([{ event: 'out-of-descriptors', listener: listener.address, again: 100 }]);
  await listener.close();
});

test('a flood of clients is accepted in rounds', async () => {
  const { system, poller, connect } = scripted();
  const connection = connect(9);
  const events = record(connection);
  connection.resume();
  const accepted: unknown[] = [];
  const listener = openListener(poller, REMOTE, {}, (client) => accepted.push(client));
  if ('errno' in listener) throw new Error('not listening');
  for (let client = 0; client < 1000; client += 1) system.accepts.push(100 + client);
  system.receives.push(5);
  system.batches.push([system.event(3, EVENT_IN), system.event(9, EVENT_IN)]);
  await nextIteration();
  expect(accepted.length).toBeLessThan(100);
  expect(events).toEqual(['data 5']);
  while (accepted.length < 1000) await nextIteration();
  await listener.close();
});

test('a listener closed from within accept still takes those who wait, who would be reset, and no further client', async () => {
  const { system, poller } = scripted();
  let accepted = 0;
  const listener = openListener(poller, REMOTE, {}, () => {
    accepted += 1;
    if (!('errno' in listener)) void listener.close();
  });
  system.accepts.push(20, 21);
  await system.happens(system.event(3, EVENT_IN));
  expect(accepted).toBe(2);
  expect(system.closed).toEqual([3]);
  system.accepts.push(22);
  await system.happens(system.event(3, EVENT_IN));
  expect(accepted).toBe(2);
});

describe('a transparent listener', () => {
  const LOCAL = { ...REMOTE, port: 8 } as const;
  const ELSEWHERE = { family: 'inet', address: '192.0.2.1', port: 80 } as const;

  /** Has one client arrive; gives what the owner and the log hear of it. */
  async function arrive(destination: SockAddr | number) {
    const { system, poller } = scripted();
    const accepted: unknown[] = [];
    const direct: DirectConnection[] = [];
    const options = { transparent: 'redirect', onDirect: (one: DirectConnection) => void direct.push(one) } as const;
    const listener = openListener(poller, LOCAL, options, (connection, to) => {
      accepted.push([connection.remote, connection.local, to]);
    });
    if ('errno' in listener) throw new Error('not listening');
    system.destination = destination;
    system.accepts.push(20);
    await system.happens(system.event(3, EVENT_IN));
    const { closed, resets } = system;
    await listener.close();
    return { accepted, direct, resets, closed: closed.filter((descriptor) => descriptor !== 3) };
  }

  test('hands over a client with where it was going', async () => {
    expect(await arrive(ELSEWHERE)).toEqual({
      accepted: [[REMOTE, LOCAL, ELSEWHERE]],
      direct: [],
      resets: [],
      closed: [],
    });
  });

  test('resets what was made to itself, and says so', async () => {
    expect(await arrive(LOCAL)).toEqual({
      accepted: [],
      direct: [{ remote: REMOTE, local: LOCAL, destination: LOCAL }],
      resets: [20],
      closed: [20],
    });
  });

  test('resets what the packet filter does not know', async () => {
    expect(await arrive(-ENOENT)).toMatchObject({
      accepted: [],
      direct: [{ remote: REMOTE, local: LOCAL, destination: undefined }],
      resets: [20],
      closed: [20],
    });
  });

  test('is not opened without the privilege, and nothing is left open', () => {
    const { system, poller } = scripted();
    system.refused.set('0/19', EPERM);
    const opened = openListener(poller, LOCAL, { transparent: 'tproxy' }, () => undefined);
    expect(opened).toEqual({ errno: EPERM, doing: 'intercept' });
    expect(system.closed).toEqual([3]);
  });
});
