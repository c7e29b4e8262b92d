import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { diagnostics } from './channels.ts';
import type { PoolMessage } from './pool-messages.ts';
import { errorFacts } from './error-facts.ts';
import { errnoError, fromErrno } from '../base/errno.ts';
import { DefectError } from '../base/errors.ts';

test('every channel is named after what it tells of', () => {
  for (const [name, { name: full }] of Object.entries(diagnostics)) expect(full).toBe(`inband:${name}`);
});

test('a channel has subscribers exactly while there are some, however they subscribe', () => {
  const { pool } = diagnostics;
  const heard: PoolMessage[] = [];
  const listen = (message: PoolMessage): void => void heard.push(message);
  const server = { family: 'unix', path: '/s' } as const;
  const hit = { event: 'hit', session: 1, client: 2, server, bound: false, connection: 3 } as const;
  expect(pool.hasSubscribers).toBe(false);
  pool.publish(hit);
  pool.subscribe(listen);
  expect(pool.hasSubscribers).toBe(true);
  pool.publish(hit);
  pool.unsubscribe(listen);
  expect(pool.hasSubscribers).toBe(false);
  const anything = (): void => {};
  channel('inband:pool').subscribe(anything);
  expect(pool.hasSubscribers).toBe(true);
  channel('inband:pool').unsubscribe(anything);
  expect(heard).toEqual([hit]);
});

test('of what the system refused the errno is told, and of a defect only its description', () => {
  expect(errorFacts(fromErrno(errnoError('ECONNREFUSED', 'connect'), 'connect'))).toEqual({
    code: 'connection_refused',
    message: 'The peer refused the connection (ECONNREFUSED).',
    setting: undefined,
    errno: 'ECONNREFUSED',
  });
  const defect = errorFacts(new DefectError(new Error('password=1234')));
  expect(defect).toMatchObject({ code: 'proxy_internal_error', message: 'A defect of the proxy or of a plugin.' });
});
