import { ProxyError, type ServerConnection } from '@inband/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ActiveChecks } from './active-checks.ts';
import type { Finding } from './probes/probe.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const TIMES = { interval: 10_000, timeout: 2_000 };
const never = (): Promise<ServerConnection> => new Promise(() => undefined);

test('of many servers that do not answer so many are looked at in one moment, and the others after them', async () => {
  let dialling = 0;
  let most = 0;
  const found: string[] = [];
  const checks = new ActiveChecks<string>({
    times: TIMES,
    connectTo: () => (session) => {
      most = Math.max(most, (dialling += 1));
      return new Promise((_, reject) => {
        session.addEventListener('abort', () => {
          dialling -= 1;
          reject(new ProxyError('connection_terminated', 'Cancelled.'));
        });
      });
    },
    askOf: () => Promise.resolve(undefined),
    found: (server, { is }) => {
      found.push(`${server} ${is}`);
      return false;
    },
  });
  const servers = Array.from({ length: 150 }, (_, index) => `s${index}`);
  checks.replace(servers);
  await vi.advanceTimersByTimeAsync(7_500);
  expect(most).toBe(64);
  expect(new Set(found)).toEqual(new Set(servers.map((server) => `${server} failed`)));
  checks.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(dialling).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is asked cannot be loaded: that says nothing of the server, and the next look comes', async () => {
  const found: Finding[] = [];
  const checks = new ActiveChecks<string>({
    times: TIMES,
    connectTo: () => never,
    askOf: () => Promise.reject(new Error('EMFILE: too many open files')),
    found: (_, finding) => {
      found.push(finding);
      return false;
    },
    random: () => 0.5,
  });
  checks.replace(['a']);
  await vi.advanceTimersByTimeAsync(11_000);
  const unknown: Finding = { is: 'unknown', why: 'EMFILE: too many open files' };
  expect(found).toEqual([unknown, unknown]);
  checks.close();
});

test('a server that is gone is told of no more', async () => {
  const found: string[] = [];
  const checks = new ActiveChecks<string>({
    times: TIMES,
    connectTo: () => (session) =>
      new Promise((_, reject) => {
        session.addEventListener('abort', () => reject(new ProxyError('connection_terminated', 'Cancelled.')));
      }),
    askOf: () => Promise.resolve(undefined),
    found: (server) => found.push(server) > 0,
    random: () => 0,
  });
  checks.replace(['a', 'b']);
  await vi.advanceTimersByTimeAsync(500);
  checks.replace(['b']);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(found).toEqual(['b']);
  expect([checks.waitFor('a'), checks.waitFor('b')]).toEqual([undefined, expect.any(Number)]);
  checks.close();
});
