import type { PoolServer, Session, Stats } from '@inband/admin';
import { expect, test } from 'vitest';
import { paletteFor } from '../lines/palette.ts';
import { sessionsPath, type TopData, type TopOrder } from './top-data.ts';
import { type Screen, topLines } from './top-view.ts';

const order: TopOrder = { sort: 'seconds', isReversed: false };
const plain: Screen = { width: 120, height: Infinity, palette: paletteFor(false), hasBlocks: false };

const stats: Stats = {
  at: Date.UTC(2026, 10, 29, 0, 50, 7),
  uptime: 3_725,
  version: '0.1.0',
  workers: [
    { worker: 'supervisor', pid: 10, state: 'up', memory: 40 * 2 ** 20, loopDelay: 0.2 },
    { worker: '1', pid: 11, state: 'silent', memory: 70 * 2 ** 20, loopDelay: 12.34 },
  ],
  totals: {
    requests: 0,
    tunnels: 0,
    bytesIn: 0,
    bytesOut: 0,
    errors: 0,
    denials: 0,
    refusals: 0,
    connections: 0,
    reused: 0,
    lookups: 0,
    cacheHits: 0,
    lookupFailures: 0,
    droppedLines: 0,
    restarts: 0,
  },
  rates: { requests: 1234.4, bytesIn: 2048, bytesOut: 3 * 2 ** 20, errors: 0, denials: 0.2 },
  latency: { p50: 1.25, p90: 20, p99: null },
  top: { clients: [], targets: [] },
  history: [0, 1, 8, 4].map((requests, index) => ({ at: index, requests, bytes: 0, errors: 0, denials: 0, p99: null })),
};

const session = (more: Partial<Session> = {}): Session => ({
  id: 'a-1',
  worker: 1,
  kind: 'tunnel',
  service: 'browser',
  route: 'services.browser.routes[0]',
  client: '10.1.2.3:4711',
  method: 'CONNECT',
  target: 'shop.example:443',
  state: 'tunnel',
  server: '203.0.113.7:443',
  startedAt: '2026-11-29T00:00:00.000Z',
  seconds: 75,
  requestBytes: 5120,
  responseBytes: 3 * 2 ** 20,
  ...more,
});

const server = (address: string, more: Partial<PoolServer> = {}): PoolServer => ({
  address,
  state: 'up',
  since: null,
  why: null,
  inFlight: 1,
  latency: { last: 1, average: 1.5 },
  nextCheck: null,
  byApi: false,
  everywhere: false,
  workers: {},
  ...more,
});

const data = (sessions: Session[], servers: PoolServer[] = []): TopData => ({
  stats,
  pools: {
    pools:
      servers.length === 0 ? [] : [{ name: 'services.web.routes[0].chainer', kind: 'failover', queued: 0, servers }],
    missing: [],
  },
  sessions: { sessions, total: sessions.length, missing: [] },
});

test('how it goes, the processes, the servers and the sessions, below each other', () => {
  const down = server('10.0.0.2:80', { state: 'down', why: 'drain, by ops', inFlight: 0, latency: null });
  expect(topLines(data([session()], [server('10.0.0.1:80'), down]), order, plain)).toEqual([
    'inband 0.1.0, up 1h2m, 2 processes, 00:50:07 UTC',
    '1234/s requests, in 2KiB/s, out 3MiB/s',
    'errors 0/s, denied 0.2/s',
    'took 1.3ms (half), 20ms (90%), - (99%)',
    '',
    'WORKER      PID  STATE   MEMORY    LATE',
    'supervisor   10  up       40MiB   0.2ms',
    '1            11  silent   70MiB  12.3ms',
    '',
    'SERVER       STATE  SESSIONS  CONNECT  POOL                            WHY',
    '10.0.0.2:80  down          0        -  services.web.routes[0].chainer  drain, by ops',
    '10.0.0.1:80  up            1    1.5ms  services.web.routes[0].chainer',
    '',
    '1 going on, by seconds',
    'CLIENT         METHOD   TARGET            STATE   SERVER             IN   OUT   TIME',
    '10.1.2.3:4711  CONNECT  shop.example:443  tunnel  203.0.113.7:443  5KiB  3MiB  1m15s',
  ]);
});

test.each([10, 20, 40, 60, 80])('fits a terminal of %d columns, and leaves out what matters least', (width) => {
  const long = session({
    target: `http://a.example/${'x'.repeat(200)}`,
    client: `[2001:db8::${'1:'.repeat(4)}1]:4711`,
  });
  const lines = topLines(data([long, session()], [server('10.0.0.1:80')]), order, { ...plain, width });
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  if (width < 80) expect(lines.join('\n')).not.toContain('203.0.113.7');
  if (width >= 60) expect(lines.join('\n')).toContain('shop.example:443');
});

test.each([1, 5, 12, 20])('fits a terminal of %d lines', (height) => {
  const many = Array.from({ length: 100 }, () => session());
  expect(topLines(data(many), order, { ...plain, height }).length).toBeLessThanOrEqual(height);
});

test('the requests of the last two minutes are a line of blocks, where those are shown', () => {
  expect(topLines(data([]), order, { ...plain, hasBlocks: true })[4]).toBe(' ▂█▅');
});

test('colours are for what is not well, and colour nothing that is cut', () => {
  const palette = paletteFor(true, {});
  const lines = topLines(data([], [server('10.0.0.1:80', { state: 'down' })]), order, { ...plain, palette, width: 30 });
  expect(lines).toContain('\u001b[33merrors 0/s, denied 0.2/s\u001b[0m');
  expect(lines).toContain('\u001b[31m10.0.0.1:80  down          1\u001b[0m');
});

test('what a client sent cannot control the terminal', () => {
  const lines = topLines(data([session({ target: '\u001b[2J\u202e ', method: '\r\n' })]), order, plain);
  expect(lines.at(-1)).toContain('\\x1b[2J\\u202e\\x20');
});

test('numbers are asked for from the largest on, names from the first on, unless reversed', () => {
  expect(sessionsPath(order, 10)).toBe('/sessions?sort=seconds&order=desc&limit=10');
  expect(sessionsPath({ sort: 'bytes', isReversed: true }, 10)).toBe('/sessions?sort=bytes&order=asc&limit=10');
  expect(sessionsPath({ sort: 'client', isReversed: false }, 10)).toBe('/sessions?sort=client&order=asc&limit=10');
});
