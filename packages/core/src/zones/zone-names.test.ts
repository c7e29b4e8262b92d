import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { ProxyError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Resolution, Resolver } from '../resolver/resolver.ts';
import { ZoneNames } from './zone-names.ts';
import { AddressZones, type ZoneDefinition } from './zones.ts';
import { ownTimers, useOwnTimers } from '../../../../test/support/own-timers.ts';

const TIMES = { minimum: 10_000, maximum: 300_000, withoutTtl: 30_000, keepFailed: 100_000 };

/** What every name is just now: addresses with their time to live, a failure, or an answer that never comes. */
type State = { addresses: string[]; ttl?: number } | 'fails' | 'silent';

class PlayedResolver implements Resolver {
  readonly asked: string[] = [];
  readonly states: Record<string, State> = {};

  resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    this.asked.push(host);
    const state = this.states[host] ?? 'fails';
    if (state === 'fails') return Promise.reject(new ProxyError('dns_error', `There is no ${host}.`));
    if (state === 'silent') {
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('Cancelled.')));
      });
    }
    const { addresses, ...ttl } = state;
    return Promise.resolve({
      addresses: addresses.map((text) => ({ family: text.includes(':') ? 'inet6' : 'inet', address: text })),
      ...ttl,
    });
  }
}

let resolver: PlayedResolver;
let lines: { level: string; message: string; fields: object }[];
let open: ZoneNames[];

useOwnTimers();

beforeEach(() => {
  resolver = new PlayedResolver();
  lines = [];
  open = [];
});

afterEach(() => {
  for (const names of open) names.close();
});

function keep(definitions: Record<string, Partial<ZoneDefinition>>): { zones: AddressZones; names: ZoneNames } {
  const full = Object.entries(definitions).map(([name, zone]) => [name, { addresses: [], ...zone }] as const);
  const zones = new AddressZones(Object.fromEntries(full));
  const log = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const names = new ZoneNames({ zones, resolver, logger }, TIMES);
  open.push(names);
  return { zones, names };
}

const zoneOf = (zones: AddressZones, text: string): string => zones.zonesOf(inetAddr(text, 80)!)[0]!;
const warnings = (): string[] => lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
const one = { partners: { hosts: ['a.example'] } };

describe('at the start', () => {
  test('every name is looked up once, and its addresses are in the zone when it has started', async () => {
    const { zones, names } = keep({ partners: { hosts: ['a.example', 'b.example'] } });
    resolver.states['a.example'] = { addresses: ['8.8.8.8', '2600::1'], ttl: 60 };
    resolver.states['b.example'] = { addresses: ['10.0.0.1'], ttl: 60 };
    expect(resolver.asked).toEqual([]);
    await names.start(5_000);
    expect(resolver.asked).toEqual(['a.example', 'b.example']);
    expect(['8.8.8.8', '2600::1', '10.0.0.1'].map((text) => zoneOf(zones, text))).toEqual(Array(3).fill('partners'));
    expect(warnings()).toEqual([]);
  });

  test('a name that nobody answers for is waited for no longer than agreed, and comes in when it is known', async () => {
    const { zones, names } = keep({ partners: { hosts: ['a.example', 'b.example'] } });
    const late = Promise.withResolvers<Resolution>();
    vi.spyOn(resolver, 'resolve').mockImplementation((host) =>
      host === 'a.example' ? late.promise : Promise.resolve({ addresses: [{ family: 'inet', address: '9.9.9.9' }] }),
    );
    const started = names.start(5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(zoneOf(zones, '9.9.9.9')).toBe('public');
    await vi.advanceTimersByTimeAsync(1);
    await started;
    expect(zoneOf(zones, '9.9.9.9')).toBe('partners');
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { names: ['a.example'], count: 1 } });
    late.resolve({ addresses: [{ family: 'inet', address: '8.8.8.8' }] });
    await vi.advanceTimersByTimeAsync(0);
    expect(zoneOf(zones, '8.8.8.8')).toBe('partners');
  });

  test('without names, zones and clock are left alone', async () => {
    const { zones, names } = keep({ dmz: { addresses: ['10.0.0.0/8'] } });
    const { generation } = zones;
    await names.start(5_000);
    expect(zones.generation).toBe(generation);
    expect(ownTimers()).toBe(0);
  });
});

describe('a name is looked up again', () => {
  test.each([
    ['when its time to live is over', 60, 60_000],
    ['not sooner than the minimum', 1, 10_000],
    ['not later than the maximum', 86_400, 300_000],
    ['after a while when there is no time to live', undefined, 30_000],
  ])('in time: %s', async (_what, ttl, after) => {
    const { zones, names } = keep(one);
    resolver.states['a.example'] = { addresses: ['8.8.8.8'], ...(ttl !== undefined && { ttl }) };
    await names.start(5_000);
    resolver.states['a.example'] = { addresses: ['8.8.4.4'] };
    await vi.advanceTimersByTimeAsync(after);
    expect(resolver.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(50);
    expect(resolver.asked).toHaveLength(2);
    expect([zoneOf(zones, '8.8.8.8'), zoneOf(zones, '8.8.4.4')]).toEqual(['public', 'partners']);
  });

  test('and nothing changes when the answer is the same, in whatever order', async () => {
    const { zones, names } = keep(one);
    resolver.states['a.example'] = { addresses: ['8.8.8.8', '8.8.4.4'], ttl: 60 };
    await names.start(5_000);
    const { generation } = zones;
    resolver.states['a.example'] = { addresses: ['8.8.4.4', '8.8.8.8'], ttl: 60 };
    await vi.advanceTimersByTimeAsync(60_050);
    expect(resolver.asked).toHaveLength(2);
    expect(zones.generation).toBe(generation);
  });
});

describe('while look-ups fail', () => {
  test('the last answer stays for a while, then goes; each is said once', async () => {
    const { zones, names } = keep(one);
    resolver.states['a.example'] = { addresses: ['8.8.8.8'], ttl: 60 };
    await names.start(5_000);
    resolver.states['a.example'] = 'fails';
    await vi.advanceTimersByTimeAsync(99_000);
    expect(zoneOf(zones, '8.8.8.8')).toBe('partners');
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      fields: { name: 'a.example', zone: 'partners', detail: 'There is no a.example.' },
    });
    expect(warnings()).toEqual(['a host name of a zone cannot be looked up; its last addresses are kept']);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(zoneOf(zones, '8.8.8.8')).toBe('public');
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(warnings().slice(1)).toEqual([
      'a host name of a zone could not be looked up for too long; its addresses are removed',
    ]);
  });

  test('they are tried again at growing intervals, and success brings the name back', async () => {
    const { zones, names } = keep(one);
    await names.start(5_000);
    const times: number[] = [];
    const start = performance.now();
    vi.spyOn(resolver, 'resolve').mockImplementation(() => {
      times.push(Math.round(performance.now() - start) / 1_000);
      return Promise.reject(new ProxyError('dns_timeout', 'Nobody answered.'));
    });
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(times.map((time, index) => time - (times[index - 1] ?? 0))).toEqual([10, 20, 40, 80, 160, 300, 300]);
    vi.restoreAllMocks();
    resolver.states['a.example'] = { addresses: ['8.8.8.8'], ttl: 60 };
    await vi.advanceTimersByTimeAsync(300_000);
    expect(zoneOf(zones, '8.8.8.8')).toBe('partners');
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'info', message: 'a host name of a zone can be looked up again' }),
    );
  });
});

describe('an answer', () => {
  test('never brings in addresses that no name should stand for', async () => {
    const { zones, names } = keep(one);
    const bad = ['127.0.0.1', '::1', '169.254.169.254', '0.0.0.0', '64:ff9b::a9fe:a9fe', 'fe80::1', 'no address'];
    resolver.states['a.example'] = { addresses: [...bad, '10.0.0.1'], ttl: 60 };
    await names.start(5_000);
    expect(zoneOf(zones, '10.0.0.1')).toBe('partners');
    for (const text of bad.slice(0, -1)) expect([text, zoneOf(zones, text)]).not.toEqual([text, 'partners']);
    expect(lines).toContainEqual({
      level: 'warn',
      message: 'addresses of a host name are not added to its zone',
      fields: { name: 'a.example', zone: 'partners', refused: bad.toSorted() },
    });
  });

  test('brings in so many addresses and no more', async () => {
    const { zones, names } = keep(one);
    const many = Array.from({ length: 100 }, (_, index) => `9.9.0.${100 + index}`);
    resolver.states['a.example'] = { addresses: many, ttl: 60 };
    await names.start(5_000);
    expect(many.filter((text) => zoneOf(zones, text) === 'partners')).toEqual(many.slice(0, 64));
    expect(warnings()).toHaveLength(1);
  });

  test('that another zone has as well stays with the first zone, and that is said once', async () => {
    const { zones, names } = keep({ first: { hosts: ['a.example'] }, second: { hosts: ['b.example'] } });
    resolver.states['a.example'] = { addresses: ['8.8.8.8'], ttl: 60 };
    resolver.states['b.example'] = { addresses: ['8.8.8.8', '8.8.4.4'], ttl: 60 };
    await names.start(5_000);
    expect([zoneOf(zones, '8.8.8.8'), zoneOf(zones, '8.8.4.4')]).toEqual(['first', 'second']);
    resolver.states['b.example'] = { addresses: ['8.8.8.8'], ttl: 60 };
    await vi.advanceTimersByTimeAsync(60_050);
    expect(lines.filter(({ message }) => message.includes('several zones'))).toMatchObject([
      { level: 'warn', fields: { count: 1, contested: [{ zone: 'second', goesTo: 'first' }] } },
    ]);
  });
});

describe('closing', () => {
  test('ends look-ups and timers, and what comes then changes nothing', async () => {
    const { zones, names } = keep({ partners: { hosts: ['a.example', 'b.example'] } });
    resolver.states['a.example'] = 'silent';
    resolver.states['b.example'] = { addresses: ['8.8.8.8'], ttl: 60 };
    const started = names.start(5_000);
    await vi.advanceTimersByTimeAsync(0);
    names.close();
    await started;
    expect(ownTimers()).toBe(0);
    expect(zoneOf(zones, '8.8.8.8')).toBe('public');
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(resolver.asked).toHaveLength(2);
  });
});
