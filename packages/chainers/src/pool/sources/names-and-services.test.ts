import { ProxyError, type Resolution, type Resolver, type ServiceRecord, type ServiceResolution } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { fakeSession } from '../../../../../test/chainers/fake-establisher.ts';
import { NamedServers, type NamingDeps } from './named-servers.ts';
import type { ServerSource } from './server-source.ts';
import { ServerSet } from './server-set.ts';
import { ServiceServers } from './service-servers.ts';
import { useOwnTimers } from '../../../../../test/support/own-timers.ts';

/** A DNS whose answers change. */
class ChangingResolver implements Resolver {
  names: Record<string, readonly string[]> = {};
  places: readonly ServiceRecord[] | undefined = undefined;
  ttl: number | undefined = 10;
  readonly asked: string[] = [];

  resolve(host: string): Promise<Resolution> {
    this.asked.push(host);
    const addresses = this.names[host];
    if (addresses === undefined) return Promise.reject(new ProxyError('dns_timeout', `${host} is not known.`));
    return Promise.resolve({
      addresses: addresses.map((address) => ({ family: address.includes(':') ? 'inet6' : 'inet', address })),
      ...(this.ttl === undefined ? {} : { ttl: this.ttl }),
    });
  }

  services(name: string): Promise<ServiceResolution> {
    this.asked.push(name);
    if (this.places === undefined) return Promise.reject(new ProxyError('dns_timeout', `${name} is not known.`));
    return Promise.resolve({ services: this.places, ...(this.ttl === undefined ? {} : { ttl: this.ttl }) });
  }
}

let resolver: ChangingResolver;
let told: string[];
let deps: NamingDeps;
let source: ServerSource | undefined;
let changes: number;

useOwnTimers();

beforeEach(() => {
  resolver = new ChangingResolver();
  told = [];
  changes = 0;
  const tell = (_fields: object, message: string): void => void told.push(message);
  deps = { resolver, logger: { warn: tell, info: tell }, family: undefined };
});

afterEach(() => {
  source?.close();
});

async function started(made: ServerSource): Promise<void> {
  source = made;
  made.follow(() => (changes += 1));
  made.start();
  await vi.advanceTimersByTimeAsync(0);
}

function named(options: object = {}): NamedServers {
  const at = { host: 'app.example', port: 80 };
  return new NamedServers({ at, setting: 'chainer.servers[3]', ...options }, deps);
}

function ids(): string {
  return (source?.servers ?? []).map(({ id }) => id).join(' ');
}

describe('a name', () => {
  test('is a server for each of its addresses, and is resolved again when its time to live ends', async () => {
    resolver.names['app.example'] = ['10.0.0.1', '10.0.0.2'];
    await started(named({ weight: 2 }));
    expect(source?.servers).toMatchObject([
      { id: '10.0.0.1:80', written: 'app.example:80', name: 'app.example', weight: 2 },
      { id: '10.0.0.2:80', written: 'app.example:80', name: 'app.example', weight: 2 },
    ]);
    resolver.names['app.example'] = ['10.0.0.2', '10.0.0.3'];
    await vi.advanceTimersByTimeAsync(9_999);
    expect(ids()).toBe('10.0.0.1:80 10.0.0.2:80');
    await vi.advanceTimersByTimeAsync(100);
    expect(ids()).toBe('10.0.0.2:80 10.0.0.3:80');
    expect(told).toEqual([]);
  });

  test('whose answer comes in another order has not changed', async () => {
    resolver.names['app.example'] = ['10.0.0.1', '10.0.0.2'];
    await started(named());
    const before = source?.servers;
    resolver.names['app.example'] = ['10.0.0.2', '10.0.0.1'];
    await vi.advanceTimersByTimeAsync(30_000);
    expect(source?.servers).toBe(before);
    expect(changes).toBe(1);
  });

  test.each([
    ['at most once a second', 0, 1_050],
    ['every 30 s where nobody knows its time to live', undefined, 30_050],
  ])('is resolved %s', async (_how, ttl, period) => {
    resolver.names['app.example'] = ['10.0.0.1'];
    resolver.ttl = ttl;
    await started(named());
    await vi.advanceTimersByTimeAsync(3 * period - 1);
    expect(resolver.asked.length).toBe(3);
  });

  test('that a cache answers is resolved when that answer ends', async () => {
    resolver.names['app.example'] = ['10.0.0.1'];
    await started(
      new NamedServers(
        { at: { host: 'app.example', port: 80 }, setting: '' },
        {
          ...deps,
          resolver: {
            resolve: (host) => resolver.resolve(host),
            expiresIn: () => 4_000,
          },
        },
      ),
    );
    await vi.advanceTimersByTimeAsync(8_200);
    expect(resolver.asked.length).toBe(3);
  });

  test('keeps its last addresses while it cannot be resolved; the log says when that begins and when it ends', async () => {
    resolver.names['app.example'] = ['10.0.0.1'];
    await started(named());
    resolver.names = {};
    await vi.advanceTimersByTimeAsync(120_000);
    expect(ids()).toBe('10.0.0.1:80');
    // After 10 s, then after 1, 2, 4, 8, 16 and 30 s, and so on.
    expect(resolver.asked.length).toBeLessThan(12);
    expect(told).toEqual(['a name of a pool cannot be resolved; its last addresses stay in use']);
    resolver.names['app.example'] = ['10.0.0.9'];
    await vi.advanceTimersByTimeAsync(31_000);
    expect(ids()).toBe('10.0.0.9:80');
    expect(told.slice(1)).toEqual(['a name of a pool can be resolved again']);
  });

  test('that was never resolved fails sessions with the setting, each of which asks anew', async () => {
    await started(named());
    await expect(source?.ready(fakeSession())).rejects.toMatchObject({
      code: 'dns_timeout',
      setting: 'chainer.servers[3]',
    });
    resolver.names['app.example'] = ['10.0.0.1'];
    await source?.ready(fakeSession());
    expect(ids()).toBe('10.0.0.1:80');
    expect(told[0]).toBe('a name of a pool cannot be resolved; it has no servers yet');
  });

  test('is not waited for by a session that has ended', async () => {
    resolver.resolve = () => new Promise(() => undefined);
    await started(named());
    const session = fakeSession();
    Object.defineProperty(session, 'aborted', { value: true });
    await expect(source?.ready(session)).rejects.toMatchObject({ code: 'connection_terminated' });
  });

  test('has the addresses only that this machine can connect to', async () => {
    resolver.names['app.example'] = ['10.0.0.1', '2001:db8::1', '::1'];
    await started(named());
    expect(ids()).toBe('10.0.0.1:80 [::1]:80');
    source?.close();
    deps = { ...deps, family: 'inet6' };
    await started(named());
    expect(ids()).toBe('[2001:db8::1]:80 [::1]:80');
    source?.close();
    resolver.names['app.example'] = ['2001:db8::1', '10.0.0.1'];
    deps = { ...deps, family: undefined };
    await started(named());
    expect(ids()).toBe('[2001:db8::1]:80 10.0.0.1:80');
  });
});

describe('a list that is replaced', () => {
  const listed = (host: string, weight = 1) => ({ address: { host, port: 80 }, weight });

  test('does not resolve names anew that stay, and tells their new options', async () => {
    resolver.names = { 'a.example': ['10.0.0.1'], 'b.example': ['10.0.0.2'] };
    const set = new ServerSet(deps, () => '');
    set.replace([listed('a.example')]);
    await started(set);
    set.replace([listed('b.example'), listed('a.example', 5)]);
    await vi.advanceTimersByTimeAsync(0);
    expect(set.servers).toMatchObject([{ id: '10.0.0.2:80' }, { id: '10.0.0.1:80', weight: 5 }]);
    expect(resolver.asked).toEqual(['a.example', 'b.example']);
  });

  test('keeps the servers of names that go until those that come have been looked up', async () => {
    resolver.names = { 'a.example': ['10.0.0.1'] };
    const set = new ServerSet(deps, () => '');
    set.replace([listed('a.example')]);
    await started(set);
    let answer = (_resolution: Resolution): void => undefined;
    resolver.resolve = () => new Promise((resolve) => (answer = resolve));
    set.replace([listed('b.example')]);
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toBe('10.0.0.1:80');
    answer({ addresses: [{ family: 'inet', address: '10.0.0.2' }], ttl: 60 });
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toBe('10.0.0.2:80');
  });

  test('may be empty, and has each address once', async () => {
    const set = new ServerSet(deps, () => '');
    const address = { family: 'inet', address: '10.0.0.1', port: 80 } as const;
    set.replace([
      { address, weight: 1 },
      { address, weight: 2 },
    ]);
    await started(set);
    expect(set.servers).toMatchObject([{ id: '10.0.0.1:80', weight: 1 }]);
    set.replace([]);
    expect(set.servers).toEqual([]);
  });
});

describe('a service', () => {
  const place = (target: string, priority: number, weight: number): ServiceRecord => ({
    target,
    port: 8080,
    priority,
    weight,
  });
  const service = (): ServiceServers =>
    new ServiceServers({ srv: '_http._tcp.shop.example', maxConnections: 9 }, deps, 'chainer.servers[0]');

  test('has the priority and weight of its places; the addresses of a target share its weight', async () => {
    resolver.names = { 'a.example': ['10.0.0.1', '10.0.0.2'], 'b.example': ['10.0.0.3'], 'c.example': ['10.0.0.4'] };
    resolver.places = [place('a.example', 1, 30), place('b.example', 1, 0), place('c.example', 2, 0)];
    await started(service());
    expect(source?.servers).toMatchObject([
      {
        id: '10.0.0.1:8080',
        priority: 1,
        weight: 15,
        maxConnections: 9,
        written: '_http._tcp.shop.example',
        name: 'shop.example',
      },
      { id: '10.0.0.2:8080', priority: 1, weight: 15 },
      { id: '10.0.0.3:8080', priority: 1, weight: 0.01 },
      { id: '10.0.0.4:8080', priority: 2, weight: 1 },
    ]);
  });

  test('is looked up again when its time to live ends, and its last places stay while that fails', async () => {
    resolver.names = { 'a.example': ['10.0.0.1'], 'b.example': ['10.0.0.2'] };
    resolver.places = [place('a.example', 0, 1)];
    await started(service());
    resolver.places = [place('b.example', 0, 1)];
    await vi.advanceTimersByTimeAsync(10_100);
    expect(ids()).toBe('10.0.0.2:8080');
    resolver.places = undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ids()).toBe('10.0.0.2:8080');
    expect(told).toEqual(['the service of a pool cannot be looked up; its last servers stay in use']);
    resolver.places = [place('a.example', 0, 1)];
    await vi.advanceTimersByTimeAsync(40_000);
    expect(ids()).toBe('10.0.0.1:8080');
    expect(told).toHaveLength(2);
  });

  test('of very many places changes a few times while they are looked up, and not for each of them', async () => {
    const count = perForm(2_000, 300);
    resolver.places = Array.from({ length: count }, (_, index) => {
      const target = `s${index}.example`;
      resolver.names[target] = [`10.${index >> 8}.${index & 255}.1`];
      return { target, port: 80, priority: 0, weight: 1 };
    });
    await started(new ServiceServers({ srv: '_http._tcp.shop.example' }, deps, 'chainer.servers[0].srv'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(source?.servers).toHaveLength(count);
    expect(changes).toBeLessThanOrEqual(3);
  });

  test('makes sessions wait for its places and their addresses, and fails them with the setting', async () => {
    const waiting = service();
    source = waiting;
    await expect(waiting.ready(fakeSession())).rejects.toMatchObject({ setting: 'chainer.servers[0]' });
    resolver.places = [place('a.example', 0, 1)];
    await expect(waiting.ready(fakeSession())).rejects.toMatchObject({ setting: 'chainer.servers[0]' });
    resolver.names = { 'a.example': ['10.0.0.1'] };
    await waiting.ready(fakeSession());
    expect(ids()).toBe('10.0.0.1:8080');
  });
});
