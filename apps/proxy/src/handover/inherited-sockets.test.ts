import { describe, expect, test } from 'vitest';
import { InheritedSockets, socketsOfWorker } from './inherited-sockets.ts';
import { predecessorSockets, systemdSockets } from './systemd-sockets.ts';

describe('sockets of systemd', () => {
  test('are the descriptors from 3 on, each with its name; the variables are gone then', () => {
    const environment = { LISTEN_FDS: '3', LISTEN_PID: '7', LISTEN_FDNAMES: 'web:admin', OTHER: 'stays' };
    expect(systemdSockets(environment, 7)).toEqual([
      { descriptor: 3, kind: 'systemd', bind: 'systemd:web' },
      { descriptor: 4, kind: 'systemd', bind: 'systemd:admin' },
      { descriptor: 5, kind: 'systemd', bind: 'systemd:unknown' },
    ]);
    expect(environment).toEqual({ OTHER: 'stays' });
  });

  test.each([{}, { LISTEN_FDS: '1', LISTEN_PID: '8' }, { LISTEN_FDS: 'x', LISTEN_PID: '7' }])(
    'are none if they are not for this process: %j',
    (environment) => expect(systemdSockets(environment, 7)).toEqual([]),
  );
});

test('sockets of a predecessor come by a variable, which is gone then', () => {
  const socket = { descriptor: 4, kind: 'sole', bind: '127.0.0.1:80' };
  const environment = { INBAND_SOCKETS: JSON.stringify([socket, { descriptor: 'x' }]) };
  expect(predecessorSockets(environment)).toEqual([socket]);
  expect(environment).toEqual({});
});

test('a listener takes all sockets that are for it, once', () => {
  const sockets = new InheritedSockets([
    { descriptor: 901, kind: 'group', bind: ':80' },
    { descriptor: 902, kind: 'group', bind: ':81' },
    { descriptor: 903, kind: 'group', bind: ':80' },
  ]);
  expect(sockets.take(':80').map(({ descriptor }) => descriptor)).toEqual([901, 903]);
  expect(sockets.take(':80')).toEqual([]);
  expect(sockets.all.map(({ descriptor }) => descriptor)).toEqual([902]);
});

test('every worker gets the sockets that all use, and its share of a group', () => {
  const sockets = [
    { descriptor: 3, kind: 'systemd', bind: 'systemd:web' },
    { descriptor: 4, kind: 'group', bind: ':80' },
    { descriptor: 5, kind: 'group', bind: ':80' },
    { descriptor: 6, kind: 'group', bind: ':80' },
    { descriptor: 7, kind: 'sole', bind: ':81' },
  ] as const;
  const of = (worker: number, size: number) => socketsOfWorker(sockets, worker, size).map((one) => one.descriptor);
  expect(of(1, 2)).toEqual([3, 4, 6, 7]);
  expect(of(2, 2)).toEqual([3, 5, 7]);
  expect(of(4, 4)).toEqual([3, 7]);
});
