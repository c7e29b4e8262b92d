import { expect, test } from 'vitest';
import { checkedValue } from './field-value.ts';
import { fieldNameProblem } from './field-name.ts';
import { parseTemplate } from './template.ts';

test.each([
  ['', []],
  ['max-age=1; {"group":"a","x":{"y":[1]}}', []],
  ['{client.address}, {user}{user}', ['client.address', 'user']],
  ['{{user}', []],
])('%j is a template', (text, variables) => {
  expect(parseTemplate(text)).toMatchObject({ variables });
});

test('braces of JSON are text, and two stand for one in front of a name', () => {
  const template = parseTemplate('{"a":{"b":1}} {{user}');
  expect('beginning' in template && template.beginning).toBe('{"a":{"b":1}} {user}');
});

test.each(['a\r\nb', 'a\nb', 'a\0b', 'caf\u00e9', '\x7f'])('%j is refused', (text) => {
  expect(parseTemplate(text)).toEqual({ problem: expect.stringContaining('visible ASCII') });
});

test('a name that no variable has is told', () => {
  expect(parseTemplate('{cilent.address}')).toEqual({
    problem: 'there is no variable "cilent.address"',
    unknown: 'cilent.address',
  });
});

test.each(['\r', '\n', '\0', 'a\r\nSet-Cookie: a=b', '\x7f', '\u0100'])('the value %j would end its line', (value) => {
  expect(() => checkedValue('x-user', value, 'services.web.fields')).toThrow('The value for the field "x-user"');
});

test.each([
  'Host',
  'content-length',
  'Transfer-Encoding',
  'CONNECTION',
  'upgrade',
  'Via',
  'te',
  'Trailer',
  'Proxy-Authorization',
  'proxy-foo',
  'expect',
  'a b',
  '',
])('%j cannot be changed', (name) => {
  expect(fieldNameProblem(name)).toBeDefined();
});

test.each(['authorization', 'X-User', 'server', 'strict-transport-security'])('%j can be changed', (name) => {
  expect(fieldNameProblem(name)).toBeUndefined();
});
