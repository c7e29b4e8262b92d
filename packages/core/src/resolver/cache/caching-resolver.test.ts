import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { createCachingResolver, type CachingResolverOptions } from './caching-resolver.ts';
import { ProxyError } from '../../base/errors.ts';
import type { InetAddr } from '../../base/address.ts';
import type { KnownName, Resolution, Resolver, ResolverSource } from '../resolver.ts';
import type { ResolverWatcher } from '../resolver-watcher.ts';
import { useOwnTimers } from '../../../../../test/support/own-timers.ts';

interface Query {
  readonly host: string;
  readonly signal: AbortSignal | undefined;
  answer(address: string, ttl?: number): void;
  fail(error: unknown): void;
}

/** A resolver that answers when the test says so. */
class ManualResolver implements ResolverSource {
  readonly queries: Query[] = [];
  readonly names: Record<string, KnownName> = {};
  concurrency: number | undefined = undefined;
  changed: () => void = () => undefined;
  closed = false;

  resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    return new Promise((resolve, reject) => {
      this.queries.push({
        host,
        signal,
        answer: (address, ttl) =>
          resolve({ addresses: [{ family: 'inet', address }], ...(ttl === undefined ? {} : { ttl }) }),
        fail: reject,
      });
    });
  }

  known(host: string): KnownName | undefined {
    return this.names[host];
  }

  follow(changed: () => void): void {
    this.changed = changed;
  }

  close(): void {
    this.closed = true;
  }
}

let source: ManualResolver;

useOwnTimers();

beforeEach(() => {
  source = new ManualResolver();
});

function caching(options?: CachingResolverOptions): Required<Resolver> {
  return createCachingResolver(source, options);
}

async function resolved(resolver: Resolver, host: string, ttl?: number): Promise<Resolution> {
  const pending = resolver.resolve(host);
  source.queries.at(-1)!.answer('127.0.0.1', ttl);
  return pending;
}

describe('keeping answers', () => {
  test('a fresh answer is given again, the very same object, without asking', async () => {
    const resolver = caching();
    expect(resolver.cached('a.example')).toBeUndefined();
    const first = await resolved(resolver, 'a.example', 60);
    expect(resolver.cached('a.example')).toBe(first);
    expect(await resolver.resolve('a.example')).toBe(first);
    expect(source.queries).toHaveLength(1);
  });

  test.each([
    ['its time to live', 60, 60_000],
    ['at least minTtl', 0, 1_000],
    ['at most maxTtl', 86_400, 300_000],
    ['defaultTtl when there is none', undefined, 30_000],
  ])('an answer is kept for %s', async (_name, ttl, milliseconds) => {
    const resolver = caching();
    await resolved(resolver, 'a.example', ttl);
    vi.advanceTimersByTime(milliseconds - 1);
    expect(resolver.cached('a.example')).toBeDefined();
    vi.advanceTimersByTime(1);
    expect(resolver.cached('a.example')).toBeUndefined();
  });

  test('an expired answer is asked for anew', async () => {
    const resolver = caching();
    await resolved(resolver, 'a.example', 1);
    vi.advanceTimersByTime(1_000);
    await resolved(resolver, 'a.example', 1);
    expect(source.queries).toHaveLength(2);
  });

  test('the oldest answer makes room for the newest', async () => {
    const resolver = caching({ maxEntries: 2 });
    for (const host of ['a.example', 'b.example', 'c.example']) await resolved(resolver, host);
    expect(resolver.cached('a.example')).toBeUndefined();
    expect(resolver.cached('b.example')).toBeDefined();
    expect(resolver.cached('c.example')).toBeDefined();
  });
});

async function failing(resolver: Resolver, error: unknown): Promise<unknown> {
  const pending = resolver.resolve('a.example');
  source.queries.at(-1)!.fail(error);
  return pending.then(
    () => expect.fail('resolved'),
    (reason: unknown) => reason,
  );
}

describe('failures', () => {
  test('"does not exist" is kept for failureTtl, and is nothing that cached gives', async () => {
    const resolver = caching();
    const error = await failing(resolver, Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    expect(error).toMatchObject({ code: 'dns_error' });
    expect(resolver.cached('a.example')).toBeUndefined();
    vi.advanceTimersByTime(4_999);
    await expect(resolver.resolve('a.example')).rejects.toBe(error);
    expect(source.queries).toHaveLength(1);
    vi.advanceTimersByTime(1);
    await resolved(resolver, 'a.example');
    expect(source.queries).toHaveLength(2);
  });

  test('"nobody answered" is kept for timeoutTtl only', async () => {
    const resolver = caching();
    expect(await failing(resolver, Object.assign(new Error('no'), { code: 'EAI_AGAIN' }))).toMatchObject({
      code: 'dns_timeout',
    });
    vi.advanceTimersByTime(1_000);
    await resolved(resolver, 'a.example');
    expect(source.queries).toHaveLength(2);
  });

  test('a resolver that throws, or gives an empty list, is a dns_error', async () => {
    const throwing = createCachingResolver({
      resolve: () => {
        throw new TypeError('a defect');
      },
    });
    await expect(throwing.resolve('a.example')).rejects.toMatchObject({ name: 'ProxyError', code: 'dns_error' });
    const empty = createCachingResolver({ resolve: () => Promise.resolve({ addresses: [] }) });
    await expect(empty.resolve('a.example')).rejects.toMatchObject({ code: 'dns_error' });
  });

  test.each(['127.1', 'a..example', ''])('%j cannot be a name: nobody is asked', async (host) => {
    await expect(caching().resolve(host)).rejects.toMatchObject({ code: 'dns_error' });
    expect(source.queries).toHaveLength(0);
  });
});

describe('waiting', () => {
  test('concurrent look-ups of one name are one', async () => {
    const resolver = caching();
    const all = [resolver.resolve('a.example'), resolver.resolve('a.example'), resolver.resolve('b.example')];
    expect(source.queries.map((query) => query.host)).toEqual(['a.example', 'b.example']);
    for (const query of source.queries) query.answer('127.0.0.1');
    const [first, second] = await Promise.all(all);
    expect(first).toBe(second);
  });

  test("one caller's abort does not disturb the other", async () => {
    const resolver = caching();
    const controller = new AbortController();
    const leaving = resolver.resolve('a.example', controller.signal);
    const staying = resolver.resolve('a.example', new AbortController().signal);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ name: 'ProxyError', code: 'connection_terminated' });
    expect(source.queries[0]!.signal?.aborted).toBe(false);
    source.queries[0]!.answer('127.0.0.1');
    expect((await staying).addresses).toHaveLength(1);
  });

  test('when nobody waits any more the look-up is cancelled, and nothing is remembered', async () => {
    const resolver = caching();
    const controller = new AbortController();
    const leaving = resolver.resolve('a.example', controller.signal);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'connection_terminated' });
    expect(source.queries[0]!.signal?.aborted).toBe(true);
    await resolved(resolver, 'a.example');
    expect(source.queries).toHaveLength(2);
  });

  test('who comes with an aborted signal does not even start', async () => {
    await expect(caching().resolve('a.example', AbortSignal.abort())).rejects.toMatchObject({
      code: 'connection_terminated',
    });
    expect(source.queries).toHaveLength(0);
  });

  test('a look-up takes at most lookupTimeout, whatever the resolver does', async () => {
    const resolver = caching();
    const pending = resolver.resolve('a.example');
    const outcome = expect(pending).rejects.toMatchObject({ code: 'dns_timeout' });
    vi.advanceTimersByTime(10_000);
    await outcome;
    expect(source.queries[0]!.signal?.aborted).toBe(true);
  });

  test('an answer that comes too late is ignored', async () => {
    const resolver = caching({ lookupTimeout: 100 });
    const pending = resolver.resolve('a.example');
    const outcome = expect(pending).rejects.toMatchObject({ code: 'dns_timeout' });
    vi.advanceTimersByTime(100);
    source.queries[0]!.answer('127.0.0.1');
    await outcome;
    expect(resolver.cached('a.example')).toBeUndefined();
  });

  test('close ends what is running and closes the resolver behind', async () => {
    const resolver = caching();
    const pending = resolver.resolve('a.example');
    resolver.close();
    await expect(pending).rejects.toMatchObject({ name: 'ProxyError' });
    expect(source.closed).toBe(true);
    await expect(resolver.resolve('b.example')).rejects.toMatchObject({ name: 'ProxyError' });
    expect(source.queries).toHaveLength(1);
  });
});

describe('what needs no look-up', () => {
  test.each([
    ['192.0.2.1', { family: 'inet', address: '192.0.2.1' }],
    ['2001:DB8::0:1', { family: 'inet6', address: '2001:db8::1' }],
    ['::ffff:192.0.2.1', { family: 'inet', address: '192.0.2.1' }],
  ])('the address %s in the place of a name stands for itself: nobody is asked', async (host, address) => {
    const resolver = caching();
    expect(await resolver.resolve(host)).toEqual({ addresses: [address] });
    expect(resolver.cached(host)).toEqual({ addresses: [address] });
    expect(source.queries).toHaveLength(0);
  });

  test('what the resolver knows by itself is given at once, as it is now', async () => {
    const resolver = caching({ limits: { lookups: 1 } });
    const silent = resolver.resolve('silent.example').catch(() => undefined);
    const resolution: Resolution = { addresses: [{ family: 'inet', address: '127.0.0.9' }] };
    source.names['known.example'] = { resolution };
    expect(resolver.cached('known.example')).toBe(resolution);
    expect(await resolver.resolve('known.example')).toBe(resolution);
    source.names['known.example'] = { error: new ProxyError('dns_error', 'No.') };
    expect(resolver.cached('known.example')).toBeUndefined();
    await expect(resolver.resolve('known.example')).rejects.toMatchObject({ message: 'No.' });
    resolver.close();
    await silent;
  });

  test('when the resolver says that all may have changed, every answer is forgotten, also one that is on its way', async () => {
    const resolver = caching();
    await resolved(resolver, 'a.example', 60);
    const pending = resolver.resolve('b.example');
    source.changed();
    source.queries.at(-1)!.answer('127.0.0.1', 60);
    await pending;
    expect(resolver.cached('a.example')).toBeUndefined();
    expect(resolver.cached('b.example')).toBeUndefined();
  });
});

function client(number: number, address = `192.0.2.${number}`): InetAddr {
  return { family: address.includes(':') ? 'inet6' : 'inet', address, port: 40_000 };
}

describe('what is looked up at once', () => {
  const pending: Promise<unknown>[] = [];

  /** Looks a name up for a client; the outcome comes by `outcomes`. */
  function ask(resolver: Resolver, host: string, whose: InetAddr, signal?: AbortSignal): Promise<unknown> {
    const outcome = resolver.resolve(host, signal, whose).catch((error: unknown) => error);
    pending.push(outcome);
    return outcome;
  }

  function asked(): string[] {
    return source.queries.map(({ host }) => host);
  }

  afterEach(async () => {
    await Promise.all(pending.splice(0));
  });

  test('200 silent names of one client leave room for everybody else', async () => {
    const resolver = caching();
    for (let index = 0; index < 200; index += 1) void ask(resolver, `silent${index}.example`, client(1));
    expect(source.queries).toHaveLength(128);
    const other = ask(resolver, 'a.example', client(2));
    expect(asked().at(-1)).toBe('a.example');
    source.queries.at(-1)!.answer('127.0.0.1');
    expect(await other).toMatchObject({ addresses: [{ address: '127.0.0.1' }] });
    resolver.close();
  });

  test('when 28 clients have 200 silent names each looked up, the next newcomer is not kept waiting', () => {
    const resolver = caching();
    const names = perForm(200, 60);
    for (let number = 1; number <= 28; number += 1) {
      for (let index = 0; index < names; index += 1) void ask(resolver, `s${index}.c${number}.example`, client(number));
    }
    expect(source.queries.length).toBeLessThan(1024);
    void ask(resolver, 'a.example', client(99));
    expect(asked().at(-1)).toBe('a.example');
    resolver.close();
  });

  test('one client has at most a quarter of what is free', () => {
    const resolver = caching({ limits: { lookups: 20 } });
    for (let index = 0; index < 20; index += 1) void ask(resolver, `silent${index}.example`, client(1));
    expect(source.queries).toHaveLength(4);
    resolver.close();
  });

  test('the clients that wait take turns', async () => {
    const resolver = caching({ limits: { lookups: 2 } });
    for (const number of [1, 2]) {
      for (const name of ['a', 'b', 'c']) void ask(resolver, `${name}${number}.example`, client(number));
    }
    for (let index = 0; index < 6; index += 1) {
      source.queries[index]!.answer('127.0.0.1');
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(asked().map((name) => name[1])).toEqual(['1', '2', '1', '2', '1', '2']);
  });

  test("a name that waits in one client's line does not wait there for another client", async () => {
    const resolver = caching({ limits: { lookupsPerClient: 1 } });
    void ask(resolver, 'silent.example', client(1));
    const first = ask(resolver, 'popular.example', client(1));
    expect(asked()).toEqual(['silent.example']);
    const second = ask(resolver, 'popular.example', client(2));
    expect(asked()).toEqual(['silent.example', 'popular.example']);
    source.queries[1]!.answer('127.0.0.1');
    expect(await first).toBe(await second);
    resolver.close();
  });

  test('the addresses of an IPv6 network count as one client', () => {
    const resolver = caching({ limits: { lookupsPerClient: 1 } });
    void ask(resolver, 'a.example', client(0, '2001:db8::1'));
    void ask(resolver, 'b.example', client(0, '2001:db8::ffff:2'));
    void ask(resolver, 'c.example', client(0, '2001:db8:0:1::1'));
    expect(asked()).toEqual(['a.example', 'c.example']);
    resolver.close();
  });

  test.each([
    [{ lookupsPerClient: 1, waitingPerClient: 1 }, 'resolver.limits.waitingPerClient'],
    [{ lookupsPerClient: 1, waiting: 1 }, 'resolver.limits.waiting'],
  ])('with %j a third name is refused, and the setting is named', async (limits, setting) => {
    const resolver = caching({ limits });
    void ask(resolver, 'a.example', client(1));
    void ask(resolver, 'b.example', client(1));
    const refused = await ask(resolver, 'c.example', client(1));
    expect(refused).toMatchObject({ name: 'ProxyError', code: 'connection_limit_reached', status: 503, setting });
    source.queries[0]!.answer('127.0.0.1');
    await vi.advanceTimersByTimeAsync(0);
    const later = ask(resolver, 'c.example', client(1));
    source.queries[1]!.answer('127.0.0.1');
    await vi.advanceTimersByTimeAsync(0);
    source.queries[2]!.answer('127.0.0.1');
    expect(await later).toMatchObject({ addresses: [{ address: '127.0.0.1' }] });
  });

  test('one waits for its turn for waitTimeout, and is told why', async () => {
    const resolver = caching({ limits: { lookupsPerClient: 1, waitTimeout: 500 } });
    void ask(resolver, 'a.example', client(1));
    const waiting = ask(resolver, 'b.example', client(1));
    vi.advanceTimersByTime(500);
    expect(await waiting).toMatchObject({
      code: 'dns_timeout',
      setting: 'resolver.limits.lookupsPerClient',
      message:
        'The name "b.example" could not be resolved: it waited 500 ms in the queue of look-ups, because 1 of this client were being looked up, and 1 in all (resolver.limits.lookupsPerClient).',
    });
    expect(asked()).toEqual(['a.example']);
    // It says nothing about the name.
    void ask(resolver, 'b.example', client(2));
    expect(asked()).toEqual(['a.example', 'b.example']);
    resolver.close();
  });

  test('who leaves while waiting is never looked up', async () => {
    const resolver = caching({ limits: { lookupsPerClient: 1 } });
    void ask(resolver, 'a.example', client(1));
    const controller = new AbortController();
    void ask(resolver, 'b.example', client(1), controller.signal);
    controller.abort();
    source.queries[0]!.answer('127.0.0.1');
    await vi.advanceTimersByTimeAsync(0);
    expect(asked()).toEqual(['a.example']);
  });

  test('a resolver that runs few at once keeps one for the second client, and counts what it cannot cancel', async () => {
    source.concurrency = 2;
    const resolver = caching({ lookupTimeout: 100 });
    const silent = ask(resolver, 'silent.example', client(1));
    void ask(resolver, 'mute.example', client(1));
    void ask(resolver, 'b.example', client(2));
    expect(asked()).toEqual(['silent.example', 'b.example']);
    vi.advanceTimersByTime(100);
    expect(await silent).toMatchObject({ code: 'dns_timeout' });
    // Both threads are still held.
    void ask(resolver, 'c.example', client(3));
    expect(asked()).toHaveLength(2);
    source.queries[1]!.answer('127.0.0.1');
    await vi.advanceTimersByTimeAsync(0);
    expect(asked()).toHaveLength(3);
    resolver.close();
  });
});

test('whoever counts is told of look-ups, cached answers, failures and how many wait', async () => {
  const told: string[] = [];
  const watcher: ResolverWatcher = {
    answeredFromCache: () => told.push('cached'),
    began: () => told.push('began'),
    failed: (code) => told.push(code),
    waiting: (count) => told.push(`waiting ${count}`),
  };
  const limits = { lookups: 1, waiting: 1 };
  const resolver = createCachingResolver(source, { limits }, watcher);
  await resolved(resolver, 'a.example', 60);
  resolver.cached('a.example');
  const running = resolver.resolve('b.example');
  const waiting = resolver.resolve('c.example');
  await expect(resolver.resolve('d.example')).rejects.toMatchObject({ code: 'connection_limit_reached' });
  source.queries.at(-1)!.fail(new ProxyError('dns_error', 'There is no such name.'));
  await expect(running).rejects.toMatchObject({ code: 'dns_error' });
  source.queries.at(-1)!.answer('127.0.0.1');
  await waiting;
  const queued = ['waiting 1', 'connection_limit_reached'];
  expect(told).toEqual(['began', 'cached', 'began', ...queued, 'dns_error', 'began', 'waiting 0']);
});
