import { expect, test } from 'vitest';
import { checkAcme } from './check-acme.ts';

const listeners = [{ bind: ':443', service: 'web', tls: {} }];
const services = { web: { mode: 'reverse' }, out: { mode: 'forward' } };
const messages = (acme: unknown, others: object = {}): string[] =>
  checkAcme({ acme, listeners, services, ...others }).map(({ message }) => message);

test('hosts are ordered once each, and something has to be ordered', () => {
  expect(messages({ hosts: ['a.example', ['b.example', 'c.example']] })).toEqual([]);
  expect(messages({ onDemand: { allow: ['a.example'] } })).toEqual([]);
  expect(messages({})).toEqual(['there is nothing to order: "hosts" or "onDemand" has to name hosts.']);
  expect(messages({ hosts: ['a.example', ['b.example', 'A.example']] })).toEqual(['"A.example" is ordered twice.']);
});

test('a wildcard needs a plugin for the DNS', () => {
  const hosts = ['*.a.example'];
  expect(messages({ hosts })).toEqual([expect.stringContaining('dns-01 only')]);
  expect(messages({ hosts, challenge: 'http-01' })).toHaveLength(1);
  expect(messages({ hosts, challenge: { type: 'zone-editor' } })).toEqual([]);
});

test('values of a wrong type are left to the schema', () => {
  expect(messages('yes')).toEqual([]);
  expect(messages({ hosts: 'a.example' })).toEqual([]);
  expect(messages({ hosts: [7] })).toEqual([]);
});

test('certificates that nobody gets, and challenges that nobody answers, are warned of', () => {
  const acme = { hosts: ['a.example'] };
  expect(messages(acme, { listeners: [{ bind: ':80', service: 'web' }] })).toEqual([
    'no listener has "tls", so nobody gets the certificates.',
  ]);
  const out = { listeners: [{ bind: ':443', service: 'out', tls: {} }] };
  expect(messages(acme, out)).toEqual([]);
  expect(messages({ ...acme, challenge: 'http-01' }, out)).toEqual([expect.stringContaining('"mode: reverse"')]);
  expect(messages({ ...acme, challenge: 'http-01' })).toEqual([]);
});
