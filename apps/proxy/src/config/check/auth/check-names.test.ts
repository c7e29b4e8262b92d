import { expect, test } from 'vitest';
import { checkNames } from './check-names.ts';

const BASIC = { type: 'basic', users: { ann: '$…', bob: '$…' }, groups: { admins: ['ann'] } };

const warningsFor = (service: Record<string, unknown>, asksForCertificates = false): string[] =>
  checkNames(['services', 'web'], service, asksForCertificates).map(({ path, message, warning }) => {
    expect(warning).toBe(true);
    return `${path.join('.')}: ${message}`;
  });

test('a member of a group that is no user is named, with the user that was meant', () => {
  const digest = { type: 'digest', users: { bob: '$…' }, groups: { jobs: ['bop'] } };
  expect(warningsFor({ auth: [{ ...BASIC, groups: { admins: ['an', 'ann'] } }, digest] })).toEqual([
    'services.web.auth.0.groups.admins.0: unknown user "an"; did you mean "ann"?',
    'services.web.auth.1.groups.jobs.0: unknown user "bop"; did you mean "bob"?',
  ]);
});

test('a rule for a group or a user that nobody is has a warning', () => {
  const access = [{ allow: { groups: ['admin', 'admins'] } }, { deny: { users: ['bob', 'zoe'] } }];
  const nat = [{ snat: { groups: ['jobs'] } }];
  expect(warningsFor({ auth: BASIC, access, nat })).toEqual([
    'services.web.access.0.allow.groups.0: unknown group "admin"; did you mean "admins"?',
    'services.web.access.1.deny.users.1: unknown user "zoe"; known here: ann, bob.',
    'services.web.nat.0.snat.groups.0: unknown group "jobs"; known here: admins.',
  ]);
});

test('many users are not listed', () => {
  const users = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`user-${index}`, '$…']));
  expect(warningsFor({ auth: { type: 'basic', users, groups: { a: ['zoe'] } } })).toEqual([
    'services.web.auth.groups.a.0: unknown user "zoe".',
  ]);
});

test('users of a file and identities of certificates may have any name', () => {
  const access = [{ allow: { users: ['zoe'] } }];
  expect(warningsFor({ auth: { type: 'token', file: 'tokens', groups: { a: ['zoe'] } }, access })).toEqual([]);
  expect(warningsFor({ auth: BASIC, access }, true)).toEqual([]);
  expect(warningsFor({ auth: [{ type: 'certificate', groups: { a: ['spiffe://zoe'] } }, BASIC], access })).toEqual([]);
});

test('groups of a token of somebody else, of a service that is asked and of a plugin may have any name', () => {
  const access = [{ allow: { groups: ['any'] } }];
  for (const type of ['bearer', 'http', 'ldap']) expect(warningsFor({ auth: [BASIC, { type }], access })).toEqual([]);
});

test('what is no configuration at all is left to the schema', () => {
  expect(warningsFor({ access: [{ allow: { groups: ['any'] } }] })).toEqual([]);
  expect(warningsFor({ auth: 7, access: [7, { allow: 7 }] })).toEqual([]);
  expect(warningsFor({ auth: { ...BASIC, groups: { a: 7 } }, access: [{ allow: { users: 7 } }] })).toEqual([]);
});
