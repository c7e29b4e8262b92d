import { expect, test } from 'vitest';
import { type ClusterFacts, clusterStatus, type SeenStore } from './cluster-status.ts';
import { SeenMembers, type SeenMember, type ReadMember } from './seen-members.ts';
import { clusterMember, type MemberInfo } from '../member-info.ts';
import { readOrders } from './stored-orders.ts';

const NOW = Date.parse('2026-11-29T12:00:00.000Z');

const HERE: SeenStore = {
  type: 'redis',
  address: 'rediss://limits.internal:6379',
  status: 'here',
  since: NOW - 60_000,
  why: undefined,
  calls: 10,
  failures: 0,
  latency: 0.4,
};

const info = (more: Partial<MemberInfo> = {}): MemberInfo => ({ version: '0.1.0', at: NOW - 4_000, ...more });
const other = (more: Partial<MemberInfo> = {}, state: SeenMember['state'] = 'here'): SeenMember => ({
  name: 'two',
  info: info(more),
  state,
});

function status(more: Partial<ClusterFacts> = {}, ...members: readonly SeenMember[]) {
  const known = { members, asOf: NOW };
  const facts = { name: 'edge', member: 'one', own: info(), store: HERE, known, canary: null, orders: [], now: NOW };
  return clusterStatus({ ...facts, revoked: 0, memberCount: 1, ...more });
}

test('members are shown with what they say, and this one as it is now', () => {
  const found = status({}, other({ started: NOW - 9_000, workers: 4, open: 7, requests: 2.5, clock: 3 }));
  expect(found).toMatchObject({
    name: 'edge',
    member: 'one',
    status: 'well',
    reasons: [],
    asOf: '2026-11-29T12:00:00.000Z',
  });
  expect(found.members).toMatchObject([
    { name: 'one', isThis: true, lag: 0 },
    {
      name: 'two',
      isThis: false,
      state: 'here',
      started: '2026-11-29T11:59:51.000Z',
      workers: 4,
      connections: 7,
      requests: 2.5,
      clock: 3,
      lag: 4,
      configuration: { running: null, wanted: null, error: null },
    },
  ]);
});

test('a member of another version of the program may say less', () => {
  const [, found] = status({}, { name: 'two', info: {}, state: 'here' }).members;
  expect(found).toMatchObject({ version: null, started: null, workers: null, lastBeat: null, lag: null, stale: [] });
});

test.each<[string, Partial<MemberInfo>, string]>([
  [
    'is stale',
    { stale: [{ what: 'limits', since: NOW - 5_000, why: 'It did not answer.' }] },
    'two: limits as of 5 s ago: It did not answer.',
  ],
  [
    'runs an older configuration',
    { config: { running: 6, change: 1, wanted: 7 } },
    'two runs configuration 6, and 7 is wanted.',
  ],
  [
    'refuses one',
    { config: { running: 6, change: 1, wanted: 7, error: 'It has no routes.' } },
    'two runs configuration 6, and 7 is wanted: It has no routes.',
  ],
  [
    'runs its own',
    { config: { running: null, change: 1, wanted: 7 } },
    'two runs its own configuration, and 7 is wanted.',
  ],
  [
    'has a clock that is ahead',
    { at: NOW + 3_600_000, clock: 3_600_000 },
    'two: its clock is 3600 s ahead of that of the store.',
  ],
  [
    'has a clock that is behind',
    { at: NOW - 3_600_000, clock: -3_600_000 },
    'two: its clock is 3600 s behind that of the store.',
  ],
  ['has missed beats', { at: NOW - 27_000 }, 'two has not beaten for 27 s.'],
])('a member that %s is a reason', (_what, said, reason) => {
  const { status: found, reasons } = status({}, other(said));
  expect({ found, reasons }).toEqual({ found: 'stale', reasons: [reason] });
});

test('beats are judged by the clock of the store, whichever clock is wrong', () => {
  const own = info({ clock: -60_000 });
  const { members } = status({ own }, other({ at: NOW + 56_000, clock: 0 }));
  expect(members[1]).toMatchObject({ lag: 4, lastBeat: '2026-11-29T11:59:56.000Z' });
});

test('who tries a canary runs another version because they are to', () => {
  const canary = { version: '8', members: ['two'], since: '2026-11-29T11:00:00.000Z', by: 'ops' };
  const trying = { config: { running: 8, change: 1, wanted: 7 } };
  expect(status({ canary }, other(trying)).status).toBe('well');
  expect(status({}, other(trying)).status).toBe('stale');
});

test('without the store the others are as they were last known, and that is said', () => {
  const store: SeenStore = { ...HERE, status: 'away', why: 'It has not answered within 50 ms.' };
  const found = status({ store }, other({}, 'unknown'));
  expect(found.status).toBe('away');
  expect(found.reasons).toEqual([
    'The store rediss://limits.internal:6379 is away since 2026-11-29T11:59:00.000Z: It has not answered within 50 ms; only this member is known.',
  ]);
  expect(found.members).toMatchObject([
    { name: 'one', state: 'here' },
    { name: 'two', state: 'unknown' },
  ]);
});

test('members that nobody had asked for before the store went away are counted', () => {
  const store: SeenStore = { ...HERE, status: 'away', why: 'It has not answered.' };
  const found = status({ store, memberCount: 4, revoked: 2 }, other({}, 'unknown'), {
    ...other({}, 'gone'),
    name: 'x',
  });
  expect(found).toMatchObject({ unread: 2, revoked: 2 });
  expect(found.reasons[0]).toMatch(/; only this member is known, and of 2 more only that they lived\.$/);
  expect(status({ memberCount: 4 }, other()).unread).toBe(0);
});

test('a member that ends, or is gone, is shown and no reason', () => {
  const found = status({}, other({ isStopping: true }), { ...other({ at: 0 }, 'gone'), name: 'three' });
  expect(found.members.map(({ state }) => state)).toEqual(['here', 'gone', 'leaving']);
  expect(found.status).toBe('well');
});

test('of very many reasons the first hundred are told', () => {
  const members = Array.from({ length: 150 }, (_, index) => ({ ...other({ clock: 9_000 }), name: `m${index}` }));
  const { reasons } = status({}, ...members);
  expect(reasons).toHaveLength(101);
  expect(reasons.at(-1)).toBe('And 50 more.');
});

test('members that beat no more are remembered, and are gone from there when they are back', async () => {
  let listed: readonly ReadMember[] = [other(), { name: 'three', info: info() }];
  let isAway = false;
  const members = new SeenMembers(async () => {
    if (isAway) throw new Error('It is away.');
    return listed;
  });
  const states = async () => (await members.read()).members.map(({ name, state }) => `${name} ${state}`);
  expect(await states()).toEqual(['two here', 'three here']);
  listed = [other()];
  expect(await states()).toEqual(['two here', 'three gone']);
  isAway = true;
  expect(await states()).toEqual(['two unknown', 'three gone']);
  isAway = false;
  listed = [{ name: 'three', info: info() }];
  expect(await states()).toEqual(['three here', 'two gone']);
});

test.each([1e308, -1e308, 8.64e15, 1e16])(
  'times that a stored value says are %d, which is none, hide no member',
  (time) => {
    const said = { at: time, started: time, clock: time, stale: [{ what: 'limits', since: time, why: 'x' }] };
    const read = clusterMember({ name: 'two', info: JSON.stringify({ version: '9', ...said }) });
    const found = status({}, { name: 'two', info: read, state: 'here' });
    expect(found.members).toMatchObject([
      { name: 'one' },
      { name: 'two', version: '9', started: null, lastBeat: null },
    ]);
  },
);

test('the largest clocks that are read make a time', () => {
  const said = { at: 1.5e15, clock: -1.5e15 };
  const { name, ...read } = clusterMember({ name: 'two', info: JSON.stringify(said) });
  expect(status({ own: info({ clock: 1.5e15 }) }, { name, info: read, state: 'here' }).members).toHaveLength(2);
});

test('orders of an impossible time, and a list that no member could change again, are none', () => {
  const order = { pool: 'p', address: '10.0.0.1:80', order: 'drain', by: 'x', member: 'two', at: 1e308 };
  expect(readOrders(JSON.stringify({ born: 'b', serial: 1, orders: [order] }))).toBeUndefined();
  expect(readOrders(JSON.stringify({ born: 'b', serial: Number.MAX_SAFE_INTEGER, orders: [] }))).toBeUndefined();
});
