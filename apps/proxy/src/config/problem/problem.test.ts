import { describe, expect, test } from 'vitest';
import { ConfigError, describeValue, formatPath, formatProblem, valueAt, writtenPath } from './problem.ts';

describe('formatPath', () => {
  test('joins names with dots and puts indices in brackets', () => {
    expect(formatPath(['services', 'web', 'routes', 0, 'chainer', 'remote'])).toBe(
      'services.web.routes[0].chainer.remote',
    );
  });

  test('quotes a name that holds a dot or a line end', () => {
    expect(formatPath(['services', 'a.b\nc', 'mode'])).toBe('services["a.b\\nc"].mode');
  });
});

const locate = () => ({ line: 3, column: 7 });

describe('formatProblem', () => {
  test('names file, line, column and path', () => {
    expect(formatProblem({ path: ['workers'], message: 'no.' }, 'a.yaml', locate)).toBe('a.yaml:3:7: workers: no.');
  });

  test('leaves out what is not known', () => {
    expect(formatProblem({ path: ['workers'], message: 'no.' }, undefined)).toBe('workers: no.');
    expect(formatProblem({ path: [], message: 'no.' }, 'a.ts')).toBe('a.ts: no.');
  });

  test('marks a warning', () => {
    expect(formatProblem({ path: [], message: 'hm.', warning: true }, 'a.ts')).toBe('a.ts: warning: hm.');
  });
});

test('a ConfigError is a configuration error with one line per problem', () => {
  const error = new ConfigError(['one', 'two']);
  expect(error.code).toBe('proxy_configuration_error');
  expect(error.message).toBe('one\ntwo');
});

test('describeValue shortens what is long and escapes what is strange', () => {
  expect(describeValue('a\nb')).toBe('"a\\nb"');
  expect(describeValue('x'.repeat(500)).length).toBeLessThan(90);
  expect([describeValue(10n), describeValue(Number.NaN), describeValue(Symbol('x'))]).toEqual(['10n', 'NaN', 'symbol']);
  expect(describeValue(null)).toBe('an empty value');
  expect(describeValue([])).toBe('an empty list');
  expect(describeValue({})).toBe('a mapping');
});

test('valueAt does not follow the prototype', () => {
  expect(valueAt({ a: [{ b: 1 }] }, ['a', 0, 'b'])).toBe(1);
  expect(valueAt({}, ['constructor'])).toBeUndefined();
});

test('a path has no index where an item is written in place of a list of it', () => {
  const written = { deny: { when: { time: ['08:00-18:00'] } }, list: [{ hosts: 'a' }] };
  expect(writtenPath(written, ['deny', 'when', 0, 'time', 0])).toEqual(['deny', 'when', 'time', 0]);
  expect(writtenPath(written, ['list', 0, 'hosts', 0])).toEqual(['list', 0, 'hosts']);
  expect(writtenPath(written, ['list', 1, 'missing', 0])).toEqual(['list', 1, 'missing', 0]);
});
