import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LinkedWorkers } from '../../../../../test/support/workers/linked-workers.ts';
import { createCachingResolver } from './caching-resolver.ts';
import type { MadeNotices } from '../../notices/notices.ts';
import type { Resolution, Resolver } from '../resolver.ts';
import { useOwnTimers } from '../../../../../test/support/own-timers.ts';

const FOUND: Resolution = {
  addresses: [
    { family: 'inet6', address: '2001:db8::1' },
    { family: 'inet', address: '192.0.2.1' },
  ],
  ttl: 60,
};

let linked: LinkedWorkers;
/** The names that DNS servers were asked for. */
let asked: string[];
let changed: (() => void)[];
let resolvers: Required<Resolver>[];

useOwnTimers();

beforeEach(() => {
  linked = new LinkedWorkers(2);
  asked = [];
  changed = [];
  resolvers = linked.of('resolver').map(resolverOf);
});

afterEach(() => {
  for (const resolver of resolvers) resolver.close();
  linked.close();
});

function resolverOf(notices: MadeNotices): Required<Resolver> {
  const source = {
    resolve: (host: string): Promise<Resolution> => {
      asked.push(host);
      if (host === 'a.example') return Promise.resolve(FOUND);
      const code = host === 'silent.example' ? 'ETIMEOUT' : 'ENOTFOUND';
      return Promise.reject(Object.assign(new Error(code), { code }));
    },
    follow: (tell: () => void): void => void changed.push(tell),
  };
  return createCachingResolver(source, {}, undefined, notices);
}

/** What a worker answers, or the message of its error. */
async function answer(worker: number, host: string): Promise<unknown> {
  const found = resolvers[worker]?.resolve(host).catch((error: unknown) => (error as Error).message);
  const answered = await found;
  await vi.advanceTimersByTimeAsync(100);
  return answered;
}

test('what one worker has looked up the others know, for the time that is left', async () => {
  expect(await answer(0, 'a.example')).toEqual(FOUND);
  expect(resolvers[1]?.cached('a.example')).toEqual(FOUND);
  expect(resolvers[1]?.expiresIn('a.example')).toBeCloseTo(resolvers[0]?.expiresIn('a.example') ?? 0, -3);
  expect(await answer(1, 'a.example')).toEqual(FOUND);
  expect(asked).toEqual(['a.example']);
  await vi.advanceTimersByTimeAsync(60_000);
  await answer(1, 'a.example');
  expect(asked).toEqual(['a.example', 'a.example']);
});

test('so it is with a name that does not exist', async () => {
  const message = await answer(0, 'none.example');
  expect(message).toContain('it does not exist');
  expect(await answer(1, 'none.example')).toBe(message);
  expect(asked).toEqual(['none.example']);
});

test('that no DNS server has answered one worker says nothing to the others', async () => {
  await answer(0, 'silent.example');
  await answer(1, 'silent.example');
  expect(asked).toEqual(['silent.example', 'silent.example']);
});

test('an answer of its own stays the same object', async () => {
  await answer(1, 'a.example');
  const own = resolvers[1]?.cached('a.example');
  await vi.advanceTimersByTimeAsync(1_000);
  linked.workers[0]
    ?.of('resolver')
    .topic('answers')
    .tell('a.example', { addresses: ['192.0.2.9'] }, 60_000);
  await vi.advanceTimersByTimeAsync(100);
  expect(resolvers[1]?.cached('a.example')).toBe(own);
});

test('a worker that is started later knows what is not over, and nothing from before a change of the machine', async () => {
  await answer(0, 'a.example');
  const late = resolverOf(linked.join().of('resolver'));
  resolvers.push(late);
  expect(late.cached('a.example')).toEqual(FOUND);
  for (const tell of changed) tell();
  await vi.advanceTimersByTimeAsync(100);
  expect(resolvers.map((resolver) => resolver.cached('a.example'))).toEqual([undefined, undefined, undefined]);
  const last = resolverOf(linked.join().of('resolver'));
  resolvers.push(last);
  expect(last.cached('a.example')).toBeUndefined();
});

test('what another worker still tells just after a change is not heard', async () => {
  changed[1]?.();
  await answer(0, 'a.example');
  expect(resolvers[1]?.cached('a.example')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(60_000);
  await answer(0, 'a.example');
  expect(resolvers[1]?.cached('a.example')).toEqual(FOUND);
});

test('what is no answer is none', async () => {
  const topic = linked.workers[0]?.of('resolver').topic('answers');
  const odd = [7, 'x', {}, { addresses: 'x' }, { addresses: [] }, { addresses: ['not-an-ip', 5] }, { failed: 1 }];
  for (const [at, value] of odd.entries()) topic?.tell(`odd-${at}`, value, 60_000);
  await vi.advanceTimersByTimeAsync(100);
  expect(odd.map((_, at) => resolvers[1]?.expiresIn(`odd-${at}`))).toEqual(odd.map(() => undefined));
});
