import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCachingResolver, type CachingResolverOptions } from './caching-resolver.ts';
import type { Resolution, Resolver } from './resolver.ts';

interface Query {
  readonly host: string;
  readonly signal: AbortSignal | undefined;
  answer(address: string, ttl?: number): void;
  fail(error: unknown): void;
}

/** A resolver that answers when the test says so. */
class ManualResolver implements Resolver {
  readonly queries: Query[] = [];
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

  close(): void {
    this.closed = true;
  }
}

let source: ManualResolver;

beforeEach(() => {
  vi.useFakeTimers();
  source = new ManualResolver();
});

afterEach(() => {
  expect(vi.getTimerCount(), 'no timer is left behind').toBe(0);
  vi.useRealTimers();
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
