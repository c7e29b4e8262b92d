import { describe, expect, test } from 'vitest';
import { zones } from '../../test-support/establishing.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { compileNatRule, type NatRule } from './nat-rule.ts';

function problem(rule: NatRule): { setting: string | undefined; message: string } {
  try {
    compileNatRule(rule, 3, 'services.web.nat', zones);
  } catch (error) {
    if (error instanceof PolicyConfigurationError) return { setting: error.setting, message: error.message };
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('a rule that cannot be meant is refused, with its place', () => {
  const from = ['203.0.113.0/24'];
  test.each<[string, NatRule, string, RegExp]>([
    ['nothing to translate to', { action: 'dnat' }, '', /exactly one of to, network, pool, embedIn and extractFrom/],
    ['two ways', { action: 'snat', to: '10.0.0.1', pool: ['10.0.0.2'] }, '', /exactly one of to, network and pool/],
    ['embedIn of snat', { action: 'snat', embedIn: '64:ff9b::/96' }, '', /exactly one of to, network and pool/],
    ['an unknown zone', { action: 'dnat', servers: ['dmzz'], to: '10.0.0.1' }, '.servers[0]', /neither a zone nor/],
    ['an empty condition', { action: 'dnat', clients: [], to: '10.0.0.1' }, '.clients', /matches nothing/],
    ['a bad port', { action: 'dnat', ports: [0], to: '10.0.0.1' }, '.ports[0]', /not a port/],
    ['no address', { action: 'dnat', to: 'a.example' }, '.to', /"a.example" is not an address/],
    ['a port beyond 65535', { action: 'dnat', to: '10.0.0.1:65536' }, '.to', /not an address/],
    ['brackets around IPv4', { action: 'dnat', to: '[10.0.0.1]:80' }, '.to', /not an address/],
    ['any address', { action: 'dnat', to: '0.0.0.0' }, '.to', /Nobody can connect to 0.0.0.0/],
    ['any address, from', { action: 'snat', to: '::' }, '.to', /Nobody can connect from ::/],
    ['multicast', { action: 'snat', pool: ['10.0.0.1', 'ff02::1'] }, '.pool[1]', /Nobody can connect from ff02::1/],
    ['broadcast', { action: 'dnat', to: '255.255.255.255:80' }, '.to', /Nobody/],
    ['no network', { action: 'dnat', servers: from, network: '10.0.0.1/24' }, '.network', /bits set beyond/],
    ['another length', { action: 'dnat', servers: from, network: '10.0.0.0/16' }, '.network', /same length, \/24/],
    [
      'another family',
      { action: 'dnat', servers: from, network: 'fd00::/24' },
      '.network',
      /both be IPv4 or both IPv6/,
    ],
    ['itself', { action: 'dnat', servers: from, network: '203.0.113.0/24' }, '.network', /to itself/],
    ['no network to take from', { action: 'dnat', network: '10.0.0.0/24' }, '.network', /"servers" must name that one/],
    ['a zone to take from', { action: 'dnat', servers: ['dmz'], network: '10.0.0.0/24' }, '.network', /must name/],
    [
      'a zone beside the network',
      { action: 'snat', clients: ['10.0.0.0/24', 'dmz'], network: '10.1.0.0/24' },
      '.network',
      /"clients" must name that one CIDR and nothing else/,
    ],
    ['an empty pool', { action: 'dnat', pool: [] }, '.pool', /matches nothing/],
    ['a mixed pool', { action: 'dnat', pool: ['10.0.0.1', 'fd00::1'] }, '.pool[1]', /all be IPv4 or all IPv6/],
    ['an overlap', { action: 'snat', pool: ['10.0.0.0/24', '10.0.0.9'] }, '.pool[1]', /in this pool already/],
    ['a port of snat', { action: 'snat', pool: ['10.0.0.1:80'] }, '.pool[0]', /have no port/],
    ['a prefix', { action: 'dnat', embedIn: '64:ff9b::/95' }, '.embedIn', /not a NAT64 prefix/],
    ['a prefix', { action: 'dnat', extractFrom: '10.0.0.0/8' }, '.extractFrom', /must be IPv6/],
  ])('%s is named with what is wrong', (_what, rule, place, message) => {
    expect(problem(rule)).toEqual({
      setting: `services.web.nat[3].${rule.action}${place}`,
      message: expect.stringMatching(message),
    });
  });
});

test('one address with different ports is not twice in a pool', () => {
  const rule = compileNatRule({ action: 'dnat', pool: ['10.0.0.1:80', '10.0.0.1:81'] }, 0, 'nat', zones);
  expect(rule).toMatchObject({ action: 'dnat', family: 'inet' });
});
