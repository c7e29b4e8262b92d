import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import type { SockAddr } from '../base/address.ts';
import type { Connection, DialOptions, Transport } from '../base/connection.ts';
import { dial } from './dial.ts';
import { errnoError, fromErrno } from '../base/errno.ts';
import { ProxyError } from '../base/errors.ts';
import { Timers } from '../base/timers.ts';

const remote: SockAddr = { family: 'inet', address: '192.0.2.1', port: 80 };

interface Attempt {
  readonly remote: SockAddr;
  readonly options: DialOptions;
  readonly settle: (error: Error | undefined, connection?: Connection) => void;
  cancelled: number;
}

function manualTransport(): { transport: Transport; attempts: Attempt[] } {
  const attempts: Attempt[] = [];
  const transport: Transport = {
    name: 'manual',
    connect(to, options, settle) {
      const attempt: Attempt = { remote: to, options, settle, cancelled: 0 };
      attempts.push(attempt);
      return () => {
        attempt.cancelled += 1;
      };
    },
    listen: () => Promise.reject(new Error('not used')),
  };
  return { transport, attempts };
}

const timers = new Timers();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  expect(timers.running).toBe(0);
  timers.close();
  vi.useRealTimers();
});

function dialled(signals: readonly AbortSignal[] = [], local?: SockAddr, timeout = 100) {
  const { transport, attempts } = manualTransport();
  const outcome = dial(transport, timers, { remote, local, timeout, signals });
  outcome.catch(() => undefined);
  return { outcome, attempt: attempts[0], attempts };
}

test('gives the connection, and leaves no timeout and no listener', async () => {
  const { signal } = new AbortController();
  const { outcome, attempt } = dialled([signal]);
  expect(attempt).toMatchObject({ remote, options: {} });
  const connection = new FakeConnection();
  attempt!.settle(undefined, connection);
  expect(await outcome).toBe(connection);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(attempt!.cancelled).toBe(0);
});

test('binds to the local address when there is one', () => {
  const local: SockAddr = { family: 'inet', address: '127.0.0.9', port: 0 };
  const { attempt } = dialled([], local);
  expect(attempt!.options).toEqual({ local });
  attempt!.settle(new Error('end'));
});

test('rejects with what the transport says', async () => {
  const refused = new ProxyError('connection_refused', 'No.');
  const { outcome, attempt } = dialled();
  attempt!.settle(refused);
  await expect(outcome).rejects.toBe(refused);
});

test('a dial that takes too long is cancelled, and says which setting would change it', async () => {
  const { outcome, attempt } = dialled();
  vi.advanceTimersByTime(98);
  expect(attempt!.cancelled).toBe(0);
  vi.advanceTimersByTime(3);
  await expect(outcome).rejects.toMatchObject({
    code: 'connection_timeout',
    address: remote,
    setting: 'chainer.connectTimeout',
  });
  expect(attempt!.cancelled).toBe(1);
});

test('any signal cancels it, and all are let go of', async () => {
  for (const which of [0, 1]) {
    const controllers = [new AbortController(), new AbortController()];
    const { outcome, attempt } = dialled(controllers.map((controller) => controller.signal));
    controllers[which]!.abort();
    await expect(outcome).rejects.toMatchObject({ code: 'connection_terminated', address: remote });
    expect(attempt!.cancelled).toBe(1);
    for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toEqual([]);
    controllers[1 - which]!.abort();
    expect(attempt!.cancelled).toBe(1);
  }
});

test('with a signal that is aborted already nothing is dialled for long', async () => {
  const { outcome, attempts } = dialled([new AbortController().signal, AbortSignal.abort()]);
  await expect(outcome).rejects.toMatchObject({ code: 'connection_terminated' });
  expect(attempts.every((attempt) => attempt.cancelled === 1)).toBe(true);
});

test('what comes after the outcome changes nothing', async () => {
  const controller = new AbortController();
  const { outcome, attempt } = dialled([controller.signal]);
  const connection = new FakeConnection();
  attempt!.settle(undefined, connection);
  controller.abort();
  vi.advanceTimersByTime(1000);
  expect(await outcome).toBe(connection);
  expect(attempt!.cancelled).toBe(0);
});

test('a transport that throws makes a rejection', async () => {
  const transport: Transport = {
    ...manualTransport().transport,
    connect() {
      throw new Error('defect');
    },
  };
  await expect(dial(transport, timers, { remote, local: undefined, timeout: 100, signals: [] })).rejects.toThrow(
    'defect',
  );
});

describe('while there is no descriptor left', () => {
  const none = fromErrno(errnoError('EMFILE', 'connect'), 'connect', remote);

  test('it waits for one, and has room made', async () => {
    const { transport, attempts } = manualTransport();
    let made = 0;
    const room = { makeRoom: () => void (made += 1) };
    const outcome = dial(transport, timers, { remote, local: undefined, timeout: 10_000, signals: [], room });
    attempts[0]!.settle(none);
    await vi.advanceTimersByTimeAsync(100);
    expect([attempts.length, made]).toEqual([2, 1]);
    const connection = new FakeConnection();
    attempts[1]!.settle(undefined, connection);
    expect(await outcome).toBe(connection);
  });

  test('it does not wait for ever', async () => {
    const { outcome, attempts } = dialled([], undefined, 10_000);
    for (let time = 0; time < 3_000; time += 100) {
      attempts.at(-1)!.settle(none);
      await vi.advanceTimersByTimeAsync(100);
    }
    await expect(outcome).rejects.toBe(none);
    expect(attempts.length).toBeLessThan(60);
  });

  test('it waits no longer than it may for the connection, or when nobody wants it any more', async () => {
    const { outcome, attempts } = dialled();
    attempts[0]!.settle(none);
    await vi.advanceTimersByTimeAsync(20);
    expect(attempts).toHaveLength(1);
    const controller = new AbortController();
    const other = dialled([controller.signal]);
    other.attempts[0]!.settle(none);
    controller.abort();
    await expect(other.outcome).rejects.toMatchObject({ code: 'connection_terminated' });
    await vi.advanceTimersByTimeAsync(200);
    expect(other.attempts).toHaveLength(1);
    await expect(outcome).rejects.toMatchObject({ code: 'connection_timeout' });
  });
});
