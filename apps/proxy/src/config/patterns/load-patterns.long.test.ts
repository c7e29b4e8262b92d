import { expect, test } from 'vitest';
import { processorTime } from '../../../../../test/support/tiers/processor-time.ts';
import { loadPatterns } from './load-patterns.ts';

const replacing = (pattern: string, text = 'x'): unknown => ({
  web: { fields: { request: [{ remove: 'a' }, { replace: { cookie: { pattern, with: text } } }] } },
});

test('without a pattern no engine is loaded', async () => {
  expect((await loadPatterns({ web: { fields: { request: [{ remove: 'a' }] } } })).compile).toBeUndefined();
});

test.each([
  ['(a', /missing closing/],
  ['(?=a)', /Perl syntax/],
  ['(a)\\1', /invalid escape/],
  ['a{9999}', /invalid repeat count/],
  ['(?:(a?b*c+|d){20}){50}', /too large/],
])('%s is refused at its place', async (pattern, why) => {
  const { problems } = await loadPatterns(replacing(pattern));
  expect(problems).toEqual([
    {
      path: ['services', 'web', 'fields', 'request', 1, 'replace', 'cookie', 'pattern'],
      message: expect.stringMatching(why),
    },
  ]);
});

test('a group that the pattern does not have is refused', async () => {
  const { problems } = await loadPatterns(replacing('(a)(b)?', '$0$2$$9$3'));
  expect(problems).toEqual([
    {
      path: ['services', 'web', 'fields', 'request', 1, 'replace', 'cookie', 'with'],
      message: 'there is no "$3": the pattern has 2 groups.',
    },
  ]);
});

test('time is linear in the text, and what would take long is refused', async () => {
  const { compile } = await loadPatterns(replacing('a'));
  const evil = compile?.('^(a+)+$');
  // A backtracking engine would not end.
  const took = processorTime(() => expect(evil?.test(`${'a'.repeat(50_000)}b`)).toBe(false));
  expect(took).toBeLessThan(5_000);
  expect(() => compile?.('x(.*y)?').replace('x'.repeat(20_000), () => '')).toThrow(RangeError);
});

test('matches are replaced, groups that took no part are empty', async () => {
  const { compile } = await loadPatterns(replacing('a'));
  const pattern = compile?.('(?i)(token|key)=([^&;]*)(!)?');
  expect(pattern?.groups).toBe(3);
  const replaced = pattern?.replace(
    'a=1; TOKEN=x; key=y',
    ([all, name, value, none]) => `<${name}|${value}|${none}|${all}>`,
  );
  expect(replaced).toBe('a=1; <TOKEN|x||TOKEN=x>; <key|y||key=y>');
  expect(pattern?.replace('nothing', () => 'x')).toBeUndefined();
});
