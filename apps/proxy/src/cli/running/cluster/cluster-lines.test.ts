import type { Cluster, ClusterMember } from '@inband/admin';
import { expect, test } from 'vitest';
import { publishedSession } from '../../../../test-support/published-session.ts';
import { clusterLines, sessionLines } from './cluster-lines.ts';

const NOW = Date.parse('2026-11-29T12:00:00.000Z');

const member = (name: string, more: Partial<ClusterMember> = {}): ClusterMember => ({
  name,
  isThis: false,
  state: 'here',
  version: '0.1.0',
  started: '2026-11-29T09:00:00.000Z',
  workers: 4,
  configuration: { running: '7', wanted: '7', error: null },
  connections: 812,
  requests: 1_240.52,
  clock: 3,
  lastBeat: '2026-11-29T11:59:56.000Z',
  lag: 4,
  stale: [],
  ...more,
});

const cluster = (more: Partial<Cluster> = {}): Cluster => ({
  name: 'edge',
  member: 'edge-1',
  status: 'well',
  reasons: [],
  store: {
    type: 'redis',
    address: 'rediss://limits.internal:6379',
    status: 'here',
    since: '2026-11-29T11:00:00.000Z',
    why: null,
    calls: 120,
    failures: 1,
    latency: 0.4,
  },
  asOf: '2026-11-29T12:00:00.000Z',
  members: [member('edge-1', { lag: 0 }), member('edge-2')],
  unread: 0,
  canary: null,
  revoked: 0,
  orders: [],
  ...more,
});

test('a cluster that is well is its store and a table of members', () => {
  expect(clusterLines(cluster(), 200, NOW)).toEqual([
    'edge: well, 2 members; this is edge-1',
    'store redis rediss://limits.internal:6379: here for 1h0m, 120 calls, 1 failed, 0.4ms each',
    '',
    'MEMBER  STATE  VERSION    UP  WORKERS  CONFIGURATION  CLIENTS   REQ/S  CLOCK  BEAT  STALE',
    'edge-1  here   0.1.0    3h0m        4  7                  812  1240.5   +3ms   0ms  -',
    'edge-2  here   0.1.0    3h0m        4  7                  812  1240.5   +3ms    4s  -',
  ]);
});

test('what is not well comes before the table, and what one member has written stays in its line', () => {
  const stale = member('edge-2\n!', {
    configuration: { running: '6', wanted: '7', error: 'x' },
    clock: -3_600_000,
    stale: [{ what: 'limits', since: '2026-11-29T11:00:00.000Z', why: 'y' }],
  });
  const canary = { version: '8', members: ['edge-3'], since: '2026-11-29T11:00:00.000Z', by: 'ops' };
  const orders = [
    {
      pool: 'p',
      address: '10.0.0.1:80',
      order: 'drain' as const,
      by: 'ops',
      member: 'edge-1',
      at: '2026-11-29T11:00:00.000Z',
    },
  ];
  const lines = clusterLines(
    cluster({ status: 'stale', reasons: ['a\nb'], members: [stale], canary, orders }),
    200,
    NOW,
  );
  expect(lines).toEqual([
    'edge: stale, 1 member; this is edge-1',
    expect.stringMatching(/^store /),
    '! a\\x0ab',
    'canary: configuration 8 since 2026-11-29T11:00:00.000Z by ops, on edge-3',
    '',
    expect.stringMatching(/^MEMBER /),
    expect.stringMatching(/^edge-2\\x0a! .* 6, not 7 .* -1h0m .* limits$/),
    '',
    'SERVER       ORDER  BY             AT                        POOL',
    '10.0.0.1:80  drain  ops on edge-1  2026-11-29T11:00:00.000Z  p',
  ]);
});

test('members whose names are not known are counted, and tokens that are revoked', () => {
  const lines = clusterLines(cluster({ members: [member('edge-1')], unread: 2, revoked: 1 }), 200, NOW);
  expect([lines[0], lines[2]]).toEqual(['edge: well, 3 members; this is edge-1', 'revoked: 1 token (GET /revoked)']);
  expect(clusterLines(cluster({ revoked: 3 }), 200, NOW)[2]).toBe('revoked: 3 tokens (GET /revoked)');
});

test('without a store it says that nothing is shared', () => {
  const store = { ...cluster().store, type: 'memory', address: 'the memory of this program', since: null };
  const lines = clusterLines(cluster({ store, members: [member('edge-1')] }), 200, NOW);
  expect(lines.slice(0, 2)).toEqual(['edge: well, 1 member; this is edge-1', 'store the memory of this program']);
});

test('sessions say on which member they are, and who has told nothing', () => {
  const lines = sessionLines(
    {
      member: 'edge-1',
      sessions: [{ member: 'edge-2', ...publishedSession('k-1', { worker: 1, seconds: 12.5, requestBytes: 5_120 }) }],
      total: 3,
      members: [
        { name: 'edge-1', at: '', sessions: 4, told: 4 },
        { name: 'edge-2', at: '', sessions: 900, told: 200 },
      ],
      missing: ['edge-3'],
      why: null,
    },
    200,
  );
  expect(lines).toEqual([
    '1 of 3 that match; 904 in all on 2 members',
    '! Told nothing: edge-3.',
    '',
    'MEMBER  CLIENT          METHOD   TARGET            STATE   SERVER    AGE    IN  OUT  ID',
    'edge-2  192.0.2.7:4000  CONNECT  shop.example:443  tunnel  -       12.5s  5KiB   0B  k-1',
  ]);
});
