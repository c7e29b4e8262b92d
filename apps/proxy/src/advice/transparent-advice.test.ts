import { inetAddr } from '@inband/core';
import { describe, expect, test } from 'vitest';
import type { SystemFacts } from './system-facts.ts';
import { transparentAdvice } from './transparent-advice.ts';

const MARKED = [
  { priority: 0, table: 'local' },
  { priority: 32765, fwmark: '0x1', table: '100' },
];
const LOCAL = [{ type: 'local', dst: 'default', dev: 'lo', table: '100' }];

const dport = (right: unknown) => ({
  match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right },
});
const rule = (family: string, ...expr: object[]) => ({ rule: { family, table: 'inband', chain: 'c', expr } });
const ruleset = (...items: object[]) => ({ nftables: [{ metainfo: {} }, ...items] });

const COMPLETE: SystemFacts = {
  capabilities: 0x1ffffffffffn,
  rules: { 4: MARKED, 6: MARKED },
  localRoutes: { 4: LOCAL, 6: LOCAL },
  ruleset: ruleset(
    rule('inet', dport(80), { redirect: { port: 3129 } }),
    rule('inet', dport(80), { tproxy: { port: 3129 } }),
    rule('inet', dport(3129), { reject: { type: 'tcp reset' } }),
  ),
  routesLocalnet: false,
};
const BLIND: SystemFacts = {
  capabilities: undefined,
  rules: { 4: undefined, 6: undefined },
  localRoutes: { 4: undefined, 6: undefined },
  ruleset: undefined,
  routesLocalnet: undefined,
};

function advice(
  transparent: 'redirect' | 'tproxy' | undefined,
  facts: Partial<SystemFacts>,
  address = '::',
  port = 3129,
) {
  const listener = { bind: inetAddr(address, port)!, service: 'guard', transparent };
  const problems = transparentAdvice({ listeners: [listener] }, { ...COMPLETE, ...facts });
  for (const { path, warning } of problems) {
    expect(path).toEqual(['listeners', 0, 'transparent']);
    expect(warning).toBe(true);
  }
  return problems.map(({ message }) => message).join('\n');
}

describe.each(['redirect', 'tproxy'] as const)('%s', (way) => {
  test('nothing is said where nothing is missing', () => {
    expect(advice(way, {})).toBe('');
  });

  test('nothing is said of what cannot be seen', () => {
    expect(advice(way, BLIND)).toBe('');
  });

  test('a missing rule to the port is named, for the versions that miss it', () => {
    const leading = rule('ip', dport(80), { [way]: { port: 3129 } });
    const protecting = rule('inet', dport(3129), { drop: null });
    expect(advice(way, { ruleset: ruleset(leading, protecting) })).toMatch(/leads IPv6 connections to port 3129/);
    expect(advice(way, { ruleset: ruleset(leading, protecting) }, '10.0.0.1')).toBe('');
    const elsewhere = rule('inet', dport(80), { [way]: { port: 3128 } });
    expect(advice(way, { ruleset: ruleset(elsewhere, protecting) })).toMatch(/leads IPv4 and IPv6 connections/);
  });

  test('a port without protection is named', () => {
    const leading = rule('inet', dport(80), { [way]: { port: 3129 } });
    const other = rule('inet', dport({ set: [22, { range: [8000, 8010] }] }), { drop: null });
    expect(advice(way, { ruleset: ruleset(leading, other) })).toMatch(/keeps direct IPv4 and IPv6 connections away/);
  });

  test.each([
    ['a set', { set: [22, 3129] }],
    ['a range', { range: [3000, 4000] }],
    ['a set that has a name', '@closed'],
  ])('%s may protect the port', (_name, right) => {
    const leading = rule('inet', dport(80), { [way]: { port: 3129 } });
    expect(advice(way, { ruleset: ruleset(leading, rule('inet', dport(right), { drop: null })) })).toBe('');
  });

  test('an input chain that drops by default protects every port', () => {
    const leading = rule('inet', dport(80), { [way]: { port: 3129 } });
    const chain = { chain: { family: 'inet', hook: 'input', policy: 'drop' } };
    expect(advice(way, { ruleset: ruleset(leading, chain) })).toBe('');
  });

  test('rules that only iptables can read are not evaluated', () => {
    expect(advice(way, { ruleset: ruleset(rule('ip', { xt: { type: 'target', name: 'REDIRECT' } })) })).toBe('');
  });

  test('port 0 is nothing that a rule could name', () => {
    expect(advice(way, {}, '::', 0)).toContain('should not be 0');
  });
});

describe('tproxy', () => {
  test('the privilege that is missing is named', () => {
    expect(advice('tproxy', { capabilities: 0n })).toContain('CAP_NET_ADMIN');
    expect(advice('tproxy', { capabilities: 1n << 12n })).toBe('');
  });

  test.each([
    ['no rule', [], LOCAL],
    ['a rule to another table', [{ fwmark: '0x1', table: '7' }], LOCAL],
    ['a table without a local default route', MARKED, [{ type: 'local', dst: '127.0.0.0/8', table: '100' }]],
  ])('with %s the commands that make a policy route are given', (_name, rules, routes) => {
    const said = advice('tproxy', { rules: { 4: MARKED, 6: rules }, localRoutes: { 4: LOCAL, 6: routes } });
    expect(said).toContain('"ip -6 rule add fwmark 1 lookup 100"');
    expect(said).not.toContain('IPv4');
  });
});

describe('redirect', () => {
  test('needs no privilege and no policy route', () => {
    expect(advice('redirect', { capabilities: 0n, rules: { 4: [], 6: [] } })).toBe('');
  });

  test.each(['127.0.0.1', '::1'])('%s is where nothing is redirected to', (address) => {
    expect(advice('redirect', {}, address)).toContain('not to loopback');
  });

  test('unless the machine lets translated packets through to loopback', () => {
    expect(advice('redirect', { routesLocalnet: true }, '127.0.0.1')).toBe('');
    expect(advice('redirect', { routesLocalnet: true }, '::1')).toContain('not to loopback');
  });
});

test('ordinary listeners need nothing', () => {
  expect(advice(undefined, { ...BLIND, capabilities: 0n, ruleset: ruleset() })).toBe('');
});
