import { expect, test } from 'vitest';
import { memberLine, versionLine } from './version-lines.ts';

const version = { number: 7, id: 'x', by: 'ops', at: '2026-11-29T12:00:00.000Z' };
const state = { current: 7, canary: null };

test('a version is a line', () => {
  expect(versionLine({ ...version, message: 'new zone', again: 5 }, state)).toBe(
    '7  2026-11-29T12:00:00.000Z  ops  as 5  current  new zone',
  );
});

test('nothing that somebody pushed controls the terminal of whoever looks', () => {
  const line = versionLine({ ...version, by: 'o\u001b[2Jps', message: 'a\nb\u202ec' }, state);
  expect(line).toBe('7  2026-11-29T12:00:00.000Z  o\\x1b[2Jps  current  a\\x0ab\\u202ec');
  const canary = { number: 7, members: ['a\u001bb'] };
  expect(versionLine(version, { current: 6, canary })).toContain('canary on a\\x1bb');
});

test('nothing that a member says of itself does, but its error may have lines', () => {
  const member = { name: 'a\u009bb', running: 6, wanted: 7, error: 'one\n\u001b[1mtwo', follows: true };
  expect(memberLine(member)).toBe('a\\x9bb: version 6, and not version 7: one\n\\x1b[1mtwo');
  expect(memberLine({ ...member, follows: false })).toBe('a\\x9bb: takes no pushed configuration');
});
