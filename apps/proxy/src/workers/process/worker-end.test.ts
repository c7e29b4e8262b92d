import { expect, test } from 'vitest';
import { isAccident, meaningOf, startError, type WorkerEnd } from './worker-end.ts';

const end = (part: Partial<WorkerEnd> = {}): WorkerEnd => ({
  code: 0,
  signal: null,
  failure: undefined,
  ran: 5,
  ...part,
});
const killed = end({ code: null, signal: 'SIGKILL' });

test('a worker is restarted unless all end, or it was one too many', () => {
  expect([meaningOf(end(), false, false), meaningOf(killed, false, false)]).toEqual(['ended', 'died']);
  expect([meaningOf(end(), false, true), meaningOf(killed, false, true)]).toEqual(['finished', 'finished']);
  expect([meaningOf(end(), true, false), meaningOf(killed, true, true)]).toEqual(['orderly', 'disorderly']);
});

test('a worker that was ended by a signal which it would have ignored is started again', () => {
  expect([isAccident(end({ code: null, signal: 'SIGHUP' })), isAccident(killed), isAccident(end())]).toEqual([
    true,
    false,
    false,
  ]);
});

test('why a worker has not started is said by itself, or by how it ended', () => {
  expect(startError(2, end({ failure: 'inband: no.' })).message).toBe('inband: no.');
  expect(startError(2, end({ code: 3 })).message).toBe('inband: worker 2 ended with exit code 3 while starting.');
  expect(startError(2, killed).message).toBe('inband: worker 2 ended with signal SIGKILL while starting.');
});
