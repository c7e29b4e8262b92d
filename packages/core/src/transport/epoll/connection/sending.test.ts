import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { record, scripted } from '../../../../test-support/scripted-system.ts';
import { EVENT_IN, EVENT_OUT } from '../system/system.ts';

const { EAGAIN, EINTR } = constants.errno;

test('a write that the kernel takes in part is continued when it has room again', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  system.sends.push(3, -EAGAIN, 2);
  expect(connection.write(Buffer.from('0123456789'))).toBe(false);
  expect(connection.queued).toBe(7);
  await system.happens(system.event(5, EVENT_OUT));
  expect(connection.queued).toBe(7);
  await system.happens(system.event(5, EVENT_OUT));
  expect(connection.queued).toBe(5);
  expect(events).toEqual([]);
  await system.happens(system.event(5, EVENT_OUT));
  expect(connection.queued).toBe(0);
  expect(events).toEqual(['drained']);
  expect(system.sent).toEqual(['012', '34', '56789']);
});

test('a signal that interrupts sending or receiving loses nothing', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.sends.push(-EINTR, -EINTR);
  expect(connection.write(Buffer.from('bytes'))).toBe(false);
  await nextIteration();
  await nextIteration();
  expect(system.sent).toEqual(['bytes']);
  system.receives.push(-EINTR, 4);
  await system.happens(system.event(5, EVENT_IN));
  await nextIteration();
  expect(events).toEqual(['drained', 'data 4']);
});
