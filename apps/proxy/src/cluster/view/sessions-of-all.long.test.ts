import type { SessionQuery } from '@inband/admin';
import { openStore, type Store } from '@inband/store';
import { expect, onTestFinished, test } from 'vitest';
import { publishedSession as session } from '../../../test-support/published-session.ts';
import { silentLogger } from '../../log/logging.ts';
import { type PublishedSession, type Sealing, shareOf, thatFit } from './published-sessions.ts';
import { SessionReader } from './session-reader.ts';
import { SessionTeller } from './session-teller.ts';

const QUERY: SessionQuery = { sort: 'seconds', order: 'desc', limit: 100 };

async function memory(): Promise<Store> {
  const store = await openStore({ type: 'memory', logger: silentLogger });
  onTestFinished(() => store.close());
  return store;
}

async function member(store: Store, name: string, own: readonly PublishedSession[], sealing?: Sealing) {
  const sessions = async () => ({ sessions: own, total: own.length });
  const teller = new SessionTeller({ store, member: name, sealing, members: () => 2, sessions });
  onTestFinished(() => teller.close());
  teller.begin();
  await store.beat(name, '');
  const names = async () => (await store.members()).map((one) => one.name);
  return { teller, reader: new SessionReader({ store, member: name, sealing, names, own: sessions }) };
}

test('whoever looks has the sessions of all members, at the first look', async () => {
  const store = await memory();
  const one = await member(store, 'one', [session('a', { seconds: 1 })]);
  await member(store, 'two', [session('b', { seconds: 9 }), session('c', { seconds: 0 })]);
  expect(await one.reader.sessions(QUERY)).toMatchObject({
    sessions: [
      { member: 'two', id: 'b' },
      { member: 'one', id: 'a' },
      { member: 'two', id: 'c' },
    ],
    total: 3,
    members: [
      { name: 'one', sessions: 1 },
      { name: 'two', sessions: 2, told: 2 },
    ],
    missing: [],
    why: null,
  });
});

test('nothing is told while nobody looks', async () => {
  const store = await memory();
  await member(store, 'one', [session('a')]);
  expect(await store.get('sessions/one')).toBeUndefined();
});

test('a member that tells nothing is named', async () => {
  const store = await memory();
  const one = await member(store, 'one', []);
  await store.beat('mute', '');
  expect(await one.reader.sessions(QUERY)).toMatchObject({ missing: ['mute'], why: null });
});

test.each([
  [{ client: '192.0.2.7' }, ['a', 'b']],
  [{ client: '192.0.2.7:4000' }, ['a']],
  [{ client: '2001:db8::1' }, ['c']],
  [{ target: 'shop' }, ['a', 'b']],
  [{ kind: 'request' }, ['b']],
  [{ service: 'other' }, ['c']],
] as const)('of others those that match %j', async (condition, found) => {
  const store = await memory();
  const one = await member(store, 'one', []);
  await member(store, 'two', [
    session('a'),
    session('b', { kind: 'request', client: '192.0.2.7:5000' }),
    session('c', { client: '[2001:db8::1]:4000', target: 'other.example:443', service: 'other' }),
  ]);
  const { sessions, total } = await one.reader.sessions({ ...QUERY, ...condition });
  expect(sessions.map(({ id }) => id).toSorted()).toEqual(found);
  expect(total).toBe(found.length);
});

test('while the store is away there are those of this member, and why', async () => {
  const store = await memory();
  const one = await member(store, 'one', [session('a')]);
  await store.close();
  expect(await one.reader.sessions(QUERY)).toMatchObject({
    sessions: [{ member: 'one', id: 'a' }],
    why: 'Only this member is known: The store is closed.',
  });
});

test('with a secret nobody reads them in the store, and others without it tell nothing', async () => {
  const sealing: Sealing = {
    seal: (name, text) => Buffer.from(`${name} ${text}`).toString('base64'),
    open: (name, sealed) => {
      const text = Buffer.from(sealed, 'base64').toString();
      return text.startsWith(`${name} `) ? text.slice(name.length + 1) : undefined;
    },
  };
  const store = await memory();
  const one = await member(store, 'one', [session('a')], sealing);
  await member(store, 'two', [session('b')], sealing);
  await member(store, 'open', [session('c')]);
  const { sessions, missing } = await one.reader.sessions(QUERY);
  expect(sessions.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(missing).toEqual(['open']);
  expect((await store.get('sessions/two'))?.value).not.toContain('shop.example');
});

test('the more members there are, the less each of them tells', () => {
  expect([1, 10, 20, 100, 1_000].map(shareOf)).toEqual([200, 200, 100, 20, 10]);
});

test('however long their targets are, the sessions of a member are told', async () => {
  const store = await memory();
  const one = await member(store, 'one', []);
  const long = Array.from({ length: 200 }, (_, i) =>
    session(`s${i}`, { target: `http://a.example/${'x'.repeat(9_000)}` }),
  );
  await member(store, 'two', long);
  const { missing, sessions } = await one.reader.sessions({ ...QUERY, limit: 500 });
  expect([missing, sessions.length]).toEqual([[], 200]);
  expect(sessions[0]?.target).toMatch(/^http:\/\/a\.example\/x+…$/);
});

test('of sessions that are long in every way as many are told as the store takes', () => {
  const long = Array.from({ length: 200 }, (_, i) => session(`s${i}`, { client: 'x'.repeat(9_000) }));
  expect(thatFit(long).length).toBe(48);
});
