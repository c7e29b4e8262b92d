import { expect, test } from 'vitest';
import { CheckVerdict } from './check-verdict.ts';

function after(findings: string): CheckVerdict {
  const verdict = new CheckVerdict({ fall: 3, rise: 2 });
  for (const finding of findings) verdict.add(finding === '+');
  return verdict;
}

test('a server that no check has seen is up', () => {
  expect(after('')).toMatchObject({ isUp: true, isDoubted: false });
});

test.each([
  ['--', true, true],
  ['---', false, false],
  ['--+--', true, true],
  ['---+', false, true],
  ['---++', true, false],
  ['---+-+', false, true],
])('after %s it is up: %s, and in doubt: %s', (findings, isUp, isDoubted) => {
  expect(after(findings)).toMatchObject({ isUp, isDoubted });
});

test('only the finding that changes it says so', () => {
  const verdict = new CheckVerdict({ fall: 2, rise: 1 });
  expect([false, false, false, true, true].map((isWell) => verdict.add(isWell))).toEqual([
    false,
    true,
    false,
    true,
    false,
  ]);
});
