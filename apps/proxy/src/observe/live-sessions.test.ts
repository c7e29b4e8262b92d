import { AccessPolicy, AddressZones, inetAddr, type LiveSession, requestId, Session } from '@inband/core';
import { expect, test } from 'vitest';
import { silentConnection } from '../../../../test/support/silent-connection.ts';
import { findSessions, type SessionQuery, sessionWithId } from './live-sessions.ts';

const local = inetAddr('127.0.0.1', 3128);
const policy = AccessPolicy.compile([], { mode: 'forward', zones: new AddressZones(), path: 'services.web.access' });
const service = { name: 'web', mode: 'forward', policy } as const;

function live(index: number): LiveSession {
  const address = inetAddr(`10.0.${index >> 8}.${index & 255}`, 4_000);
  if (address === undefined || local === undefined) throw new Error('These are addresses.');
  const client = { id: index, connection: silentConnection(address, local), address, local, listener: local };
  const session = new Session(client, service);
  const bytes = { bytesIn: index, bytesOut: 1 };
  return {
    session,
    kind: 'tunnel',
    state: 'tunnel',
    url: `h${index}.example:443`,
    started: 1,
    ...bytes,
    end: () => {},
  };
}

const all = Array.from({ length: 5_000 }, (_one, index) => live(index));
const usual: SessionQuery = { sort: 'requestBytes', order: 'desc', limit: 3 };

test('of very many sessions the first ones are found, whatever part of them was looked at in one go', async () => {
  const { sessions, total } = await findSessions(all, usual);
  expect(sessions.map(({ requestBytes }) => requestBytes)).toEqual([4_999, 4_998, 4_997]);
  expect(total).toBe(5_000);
  const { sessions: least } = await findSessions(all, { ...usual, order: 'asc' });
  expect(least.map(({ requestBytes }) => requestBytes)).toEqual([0, 1, 2]);
});

test('a client is found by its address, with its port or without', async () => {
  for (const client of ['10.0.1.5', '10.0.1.5:4000']) {
    expect(await findSessions(all, { ...usual, client })).toMatchObject({
      total: 1,
      sessions: [{ requestBytes: 261 }],
    });
  }
  expect(await findSessions(all, { ...usual, client: '10.0.1.5:1' })).toMatchObject({ total: 0 });
  expect(await findSessions(all, { ...usual, client: '0.1.5' })).toMatchObject({ total: 0 });
});

test('one is found by its id of the log, and none by that of another process', () => {
  const [, second] = all;
  if (second === undefined) throw new Error('There is one.');
  expect(sessionWithId(all, requestId(second.session))).toBe(second);
  expect(sessionWithId(all, `aaaaaaaa-${second.session.id}`)).toBeUndefined();
  expect(sessionWithId(all, 'nonsense')).toBeUndefined();
});
