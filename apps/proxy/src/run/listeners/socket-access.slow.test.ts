import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { socketAccess } from './socket-access.ts';

const NOTHING = { mode: undefined, user: undefined, group: undefined };

test('names of users and groups become their numbers', () => {
  const { username, uid } = userInfo();
  const [group = '', , gid] = readFileSync('/etc/group', 'utf8').split('\n')[0]?.split(':') ?? [];
  expect(socketAccess({ mode: 0o660, user: username, group })).toEqual({ mode: 0o660, uid, gid: Number(gid) });
  expect(socketAccess({ ...NOTHING, user: 7, group: 8 })).toEqual({ uid: 7, gid: 8 });
  expect(socketAccess(NOTHING)).toBeUndefined();
});

test.each([
  ['user', { ...NOTHING, user: 'nobody-has-this-name' }],
  ['user', { ...NOTHING, user: '--help' }],
  ['group', { ...NOTHING, group: 'nobody-has-this-name' }],
])('there is no such %s', (kind, keys) => {
  expect(() => socketAccess(keys)).toThrow(
    expect.objectContaining({ setting: `listeners[].${kind}`, message: expect.stringMatching(`no ${kind} "`) }),
  );
});
