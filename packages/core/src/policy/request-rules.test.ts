import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { inetAddr, type SockAddr } from '../base/address.ts';
import type { LookedAtRequest } from '../conditions/request-condition.ts';
import { AddressZones } from '../zones/zones.ts';
import { AccessPolicy, type AccessQuery, type AccessRule } from './access-policy.ts';

const addr = (text: string, port = 80): SockAddr => inetAddr(text, port)!;

function compile(rules: readonly AccessRule[]): AccessPolicy {
  return AccessPolicy.compile(rules, { mode: 'forward', zones: new AddressZones(), path: 'access' });
}

/** A request for a target, with the field `x-token` if it has one; undefined: there is none to look at. */
function query(policy: AccessPolicy, asked: LookedAtRequest | undefined, more: Partial<AccessQuery> = {}): AccessQuery {
  return {
    client: addr('127.0.0.1'),
    server: addr('8.8.8.8'),
    serverChosenBy: 'client',
    target: { host: 'a.example', port: 80 },
    method: 'GET',
    user: undefined,
    met: asked && new Set(policy.conditions.filter((condition) => condition.isMetBy(asked))),
    ...more,
  };
}

function request(target: string | undefined, token?: string): LookedAtRequest {
  const valuesOf = (name: string): string[] => (name === 'x-token' && token !== undefined ? [token] : []);
  return { target, valuesOf, valuesLike: valuesOf };
}

const allowing: readonly AccessRule[] = [{ action: 'allow', fields: { 'x-token': ['abc'] } }, { action: 'deny' }];
const denying: readonly AccessRule[] = [{ action: 'deny', paths: ['/admin/'], servers: ['public'] }];
const known = { hosts: ['a.example'] } as const;

describe('a rule with conditions on the request', () => {
  test.each<[string, readonly AccessRule[], LookedAtRequest | undefined, string]>([
    ['allows what meets them', allowing, request('/', 'abc'), 'allow'],
    ['does not allow what does not', allowing, request('/', 'x'), 'deny'],
    ['does not allow what is hidden', allowing, undefined, 'deny'],
    ['denies what meets them', denying, request('/admin/'), 'deny'],
    ['does not deny what does not', denying, request('/'), 'allow'],
    ['denies a tunnel, which may hide it', denying, request(undefined), 'deny'],
    ['denies where there is no request to look at', denying, undefined, 'deny'],
  ])('decides by what is known of the request: it %s', (_what, rules, asked, verdict) => {
    const policy = compile(rules);
    expect(policy.decide(query(policy, asked)).verdict).toBe(verdict);
  });

  test('leaves open what its servers leave open, before the name is resolved', () => {
    const policy = compile([...denying, { action: 'allow' }]);
    const operators = { server: undefined, serverChosenBy: 'operator' } as const;
    expect(policy.decide(query(policy, request('/admin/'), operators)).verdict).toBe('depends');
    expect(policy.decide(query(policy, request('/'), operators)).verdict).toBe('allow');
  });

  test('decides about a server behind a parent as about others', () => {
    const policy = compile([
      { action: 'deny', ...known, paths: ['/admin/'] },
      { action: 'allow', ...known, fields: { 'x-token': true } },
    ]);
    const verdict = (asked: LookedAtRequest | undefined): string =>
      policy.decideByName(query(policy, asked, { server: undefined })).verdict;
    expect([verdict(request('/', 'a')), verdict(request('/')), verdict(request('/admin/', 'a'))]).toEqual([
      'allow',
      'deny',
      'deny',
    ]);
    expect([verdict(request(undefined, 'a')), verdict(undefined)]).toEqual(['deny', 'deny']);
  });

  test('says nothing about whether a client may ask for anything', () => {
    expect(compile([{ action: 'deny', paths: ['/'] }]).admits(addr('10.0.0.1'))).toBe(true);
    expect(compile([{ action: 'allow', fields: { a: true } }, { action: 'deny' }]).admits(addr('10.0.0.1'))).toBe(true);
  });

  test('decides the same before and after the name is resolved', () => {
    const rule = fc.record<AccessRule>({
      action: fc.constantFrom('allow', 'deny'),
      paths: fc.constantFrom(undefined, ['/a/'], ['*b']),
      fields: fc.constantFrom(undefined, { 'x-token': true }, { 'x-token': ['1'] }),
      when: fc.constantFrom(undefined, [{ days: ['mon'] }]),
      servers: fc.constantFrom(undefined, ['public'], ['private']),
    });
    const asked = fc.constantFrom(undefined, request(undefined), request('/a/b'), request('/c', '1'), request('/a\\b'));
    const at = fc.constantFrom(Date.UTC(2026, 10, 29), Date.UTC(2026, 10, 30));
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), asked, at, (rules, one, time) => {
        const policy = compile(rules);
        const before = policy.decide(query(policy, one, { server: undefined, at: time })).verdict;
        fc.pre(before !== 'depends');
        for (const server of ['8.8.8.8', '10.0.0.1', '127.0.0.1', '169.254.169.254'])
          expect(policy.decide(query(policy, one, { server: addr(server), at: time })).verdict).toBe(before);
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('a rule with times', () => {
  afterEach(() => vi.useRealTimers());

  const sundays: readonly AccessRule[] = [{ action: 'deny', when: [{ days: ['sun'] }] }];
  const SATURDAY_NIGHT = Date.UTC(2026, 10, 28, 23, 59, 59);

  test('holds at its times, and at no others', () => {
    const policy = compile(sundays);
    const at = (time: number): string => policy.decide(query(policy, undefined, { at: time })).verdict;
    expect([at(SATURDAY_NIGHT), at(SATURDAY_NIGHT + 1_000)]).toEqual(['allow', 'deny']);
    expect(policy.decideByName(query(policy, undefined, { at: SATURDAY_NIGHT + 1_000 })).rule).toBe('access[0]');
  });

  test('changes the generation when its times begin and end, so that no client connection keeps an old verdict', () => {
    vi.useFakeTimers({ now: SATURDAY_NIGHT, toFake: ['Date'] });
    const policy = compile(sundays);
    const before = policy.generation;
    expect(policy.hasTimes).toBe(true);
    expect(policy.decide(query(policy, undefined)).verdict).toBe('allow');
    expect(policy.admits(addr('127.0.0.1'))).toBe(true);
    vi.setSystemTime(SATURDAY_NIGHT + 1_000);
    expect(policy.generation).toBeGreaterThan(before);
    expect(policy.decide(query(policy, undefined)).verdict).toBe('deny');
    expect(policy.admits(addr('127.0.0.1'))).toBe(false);
    const during = policy.generation;
    vi.setSystemTime(SATURDAY_NIGHT + 3_600_000);
    expect(policy.generation).toBe(during);
    vi.setSystemTime(SATURDAY_NIGHT + 86_401_000);
    expect(policy.generation).toBeGreaterThan(during);
  });

  test('a time that was asked about for another reason leaves no verdict behind', () => {
    vi.useFakeTimers({ now: SATURDAY_NIGHT, toFake: ['Date'] });
    const policy = compile(sundays);
    expect(policy.decide(query(policy, undefined, { at: SATURDAY_NIGHT + 1_000 })).verdict).toBe('deny');
    expect(policy.decide(query(policy, undefined)).verdict).toBe('allow');
  });
});
