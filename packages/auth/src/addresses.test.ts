import { AddressZones } from '@inband/core';
import { expect, test } from 'vitest';
import { ask } from '../test-support/query.ts';
import { AddressAuthenticator } from './addresses.ts';

const zones = new AddressZones({
  build: { addresses: ['10.1.0.0/16'] },
  runners: { addresses: ['10.1.7.0/24', '2001:db8:7::/48'] },
  office: { addresses: ['10.2.0.0/16'] },
});
const auth = new AddressAuthenticator(
  { zones: ['build', 'runners', 'loopback'], groups: { jobs: ['runners'] } },
  zones,
);

test.each([
  ['10.1.2.3', 'build', []],
  ['10.1.7.3', 'runners', ['jobs']],
  ['2001:db8:7::1', 'runners', ['jobs']],
  ['127.0.0.1', 'loopback', []],
])('a client at %s is %s, by the most specific zone that is a user', async (from, user, groups) => {
  expect(await ask(auth, undefined, { from })).toEqual({ verdict: 'user', user, groups });
});

test.each(['10.2.0.1', '192.0.2.1'])('a client at %s is nobody, because its zone is no user', async (from) => {
  expect(await ask(auth, undefined, { from })).toEqual({ verdict: 'none' });
});

test('it never looks at credentials, and has no way to ask for an address', () => {
  expect(auth).toMatchObject({ challenges: [], readsCredentials: false, readsPasswords: false });
});
