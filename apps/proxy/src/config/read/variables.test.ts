import { describe, expect, test } from 'vitest';
import { substitute } from './variables.ts';

const variables = { HOST: 'a.example', PORT: '8080', EMPTY: '', TRICKY: 'x: [y]\nz: ${HOST}', ON: 'true', ID: '007' };

describe('substitute', () => {
  test.each([
    ['no variable, $5 and {PORT}', 'no variable, $5 and {PORT}'],
    ['${HOST}:${PORT}', 'a.example:8080'],
    ['${PORT}', 8080],
    ['${ON}', true],
    ['${ID}', '007'],
    ['${UNSET:10s}', '10s'],
    ['${UNSET:4}', 4],
    ['${UNSET:}', ''],
    ['${UNSET:http://b:1/}', 'http://b:1/'],
    ['${EMPTY}', ''],
    ['${EMPTY:none}', 'none'],
    ['$${HOST} and ${HOST}', '${HOST} and a.example'],
    ['$$${HOST}', '$${HOST}'],
  ])('makes of %j %j', (text, value) => {
    expect(substitute(text, variables)).toEqual({ value });
  });

  test('leaves a number a text where the text was asked for', () => {
    expect(substitute('${PORT}', variables, true)).toEqual({ value: '8080' });
  });

  test('does not look for variables in what a variable holds', () => {
    expect(substitute('${TRICKY}', variables)).toEqual({ value: variables.TRICKY });
  });

  test.each([
    ['${UNSET}', /"UNSET" is not set.*"\$\{UNSET:default\}"/],
    ['${toString}', /"toString" is not set/],
    ['a${', /not a variable/],
    ['${}', /not a variable/],
    ['${1A}', /not a variable/],
    ['${A B}', /not a variable/],
    ['${A:${HOST}}', /not a variable/],
    ['${PORT:-80}', /did you mean "\$\{PORT:80\}"/],
  ])('says what is wrong with %j', (text, problem) => {
    expect(substitute(text, variables)).toEqual({ problem: expect.stringMatching(problem) });
  });
});
