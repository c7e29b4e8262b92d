import { describe, expect, test } from 'vitest';
import type { ConfigInfo } from '../config-info.ts';
import {
  agreementOf,
  followersIn,
  type FollowingMember,
  hasFollowed,
  isMatch,
  newerOf,
  nextChange,
  nextNumber,
  versionToRestore,
} from './push-decisions.ts';
import type { ConfigRecord, Version } from './stored/records.ts';
import { NO_RECORD } from './stored/versions.ts';

const version = (number: number, id = `content ${number}`): Version => ({ number, id, by: 'ann', at: '2026-01-01' });
const record = (change: number, part: Partial<ConfigRecord> = {}): ConfigRecord => ({ ...NO_RECORD, change, ...part });
const member = (name: string, config: Partial<ConfigInfo> = {}): FollowingMember => ({
  name,
  config: { running: null, change: 0, ...config },
});

test('members that are stopping or follow nothing do not count', () => {
  const members = [member('a'), { name: 'embedded' }, { ...member('b'), isStopping: true }];
  expect(followersIn(members).map(({ name }) => name)).toEqual(['a']);
});

describe('a candidate', () => {
  const well = member('well', { verdict: { candidate: 'c' } });
  const silent = member('silent', { verdict: { candidate: 'an earlier one', why: 'It was wrong.' } });
  const against = member('against', { verdict: { candidate: 'c', why: 'no such zone' } });

  test('is agreed to when everybody else has said so', () => {
    expect(agreementOf([member('pushing'), well], 'c', 'pushing')).toEqual({ is: 'agreed' });
    expect(agreementOf([member('pushing')], 'c', 'pushing')).toEqual({ is: 'agreed' });
  });

  test('is open while somebody has said nothing of it', () => {
    expect(agreementOf([well, silent], 'c', 'pushing')).toEqual({ is: 'open', silent: [silent] });
  });

  test('is refused as soon as one refuses it', () => {
    const refused = { is: 'refused', refusals: ['against: no such zone'] };
    expect(agreementOf([well, silent, against], 'c', 'pushing')).toEqual(refused);
  });
});

test('a member has followed when it runs what it should, or says of the same record why it cannot', () => {
  const wants = record(5, { current: 2, versions: [version(1), version(2)] });
  expect(hasFollowed(member('a', { running: 2, change: 5 }), wants)).toBe(true);
  expect(hasFollowed(member('a', { running: 2, change: 4 }), wants)).toBe(false);
  expect(hasFollowed(member('a', { running: 1, change: 5 }), wants)).toBe(false);
  expect(hasFollowed(member('a', { running: 1, change: 5, error: 'in use' }), wants)).toBe(true);
  expect(hasFollowed(member('a', { running: 1, change: 4, error: 'in use' }), wants)).toBe(false);
  expect(hasFollowed({ name: 'a' }, wants)).toBe(false);
});

test('numbers go on from whatever is known anywhere', () => {
  const members = [member('a', { running: 7, change: 9 }), member('b'), { name: 'c' }];
  expect([nextNumber(record(1, { last: 3 }), members), nextChange(record(1), members)]).toEqual([8, 10]);
  expect([nextNumber(record(12, { last: 11 }), members), nextChange(record(12), members)]).toEqual([12, 13]);
  expect([newerOf(record(2), record(3)).change, newerOf(record(2), record(1)).change]).toEqual([3, 2]);
  expect(newerOf(record(2), undefined).change).toBe(2);
});

test('a rollback brings back the version that is asked for, or the last one with another content', () => {
  const versions = [version(1), version(2), version(3, 'content 2'), version(4)];
  const now = record(9, { current: 3, versions });
  expect(versionToRestore(now, undefined)?.number).toBe(1);
  expect(versionToRestore({ ...now, current: 4 }, undefined)?.number).toBe(3);
  expect(versionToRestore(now, 4)?.number).toBe(4);
  expect(versionToRestore(now, 5)).toBeUndefined();
  expect(versionToRestore({ ...now, current: 1 }, undefined)).toBeUndefined();
});

test('If-Match names a record by its change, or any', () => {
  for (const ifMatch of ['*', ' * ', '"5"', '"4", "5"']) expect(isMatch(ifMatch, 5)).toBe(true);
  for (const ifMatch of ['5', '"50"', '', 'W/"5"']) expect(isMatch(ifMatch, 5)).toBe(false);
});
