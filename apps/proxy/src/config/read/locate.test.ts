import { describe, expect, test } from 'vitest';
import { parseText } from './locate.ts';

const yaml = `# a comment
listeners:
  - bind: 127.0.0.1:0
    service: web
services:
  web: &shared
    mode: reverse
    access:
  twin: *shared
`;

describe('parseText', () => {
  const parsed = parseText(yaml, 'yaml');

  test('gives the value', () => {
    expect(parsed.value).toMatchObject({ listeners: [{ bind: '127.0.0.1:0', service: 'web' }] });
    expect(parsed.syntaxErrors).toEqual([]);
  });

  test('locates a value', () => {
    expect(parsed.locate(['listeners', 0, 'service'], 'value')).toEqual({ line: 4, column: 14 });
  });

  test('locates a key', () => {
    expect(parsed.locate(['services', 'web', 'mode'], 'key')).toEqual({ line: 7, column: 5 });
  });

  test('locates the deepest part that exists when the rest is missing', () => {
    expect(parsed.locate(['listeners', 0, 'transparent'], 'value')).toEqual({ line: 3, column: 5 });
  });

  test('locates a value that is not written at its key', () => {
    expect(parsed.locate(['services', 'web', 'access'], 'value')).toEqual({ line: 8, column: 5 });
  });

  test('follows an alias to what it stands for', () => {
    expect(parsed.locate(['services', 'twin', 'mode'], 'value')).toEqual({ line: 7, column: 11 });
  });

  test('reads JSON by the same rules', () => {
    const json = parseText('{\n\t"workers": 1,\n\t"log": { "level": "loud" }\n}', 'json');
    expect(json.value).toEqual({ workers: 1, log: { level: 'loud' } });
    expect(json.locate(['log', 'level'], 'value')).toEqual({ line: 3, column: 20 });
  });

  test('reports every syntax error with its place', () => {
    const { value, syntaxErrors } = parseText('a: [::1]:80\nb: x\nb: y\n', 'yaml');
    expect(value).toBeUndefined();
    expect(syntaxErrors).toMatchObject([
      { line: 1, column: 9, message: expect.stringContaining('needs quotes') },
      { line: 3, column: 1, message: expect.stringContaining('twice') },
    ]);
  });

  test('refuses a second document', () => {
    expect(parseText('a: 1\n---\nb: 1\n', 'yaml').syntaxErrors).toMatchObject([{ line: 2 }]);
  });

  test('does not expand aliases without bound', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 8; level += 1) {
      bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    expect(parseText(bomb.join('\n'), 'yaml').syntaxErrors).toMatchObject([
      { message: expect.stringMatching(/alias/i) },
    ]);
  });
});

describe('variables and merge keys', () => {
  const variables = { PORT: '3128', NAME: 'web', YAML: 'a: [b]' };

  test('replaces variables in values of YAML and JSON, once for every alias', () => {
    const text =
      'bind: &b ${HOST:127.0.0.1}:${PORT}\nsame: *b\nworkers: ${PORT}\ntext: !!str ${PORT}\n${NAME}: "${YAML}"\n';
    expect(parseText(text, 'yaml', variables).value).toEqual({
      bind: '127.0.0.1:3128',
      same: '127.0.0.1:3128',
      workers: 3128,
      text: '3128',
      '${NAME}': 'a: [b]',
    });
    expect(parseText('{ "a": ["${PORT}", "$${PORT}"] }', 'json', variables).value).toEqual({ a: [3128, '${PORT}'] });
  });

  test('reports every variable that is not set, with its place', () => {
    const { value, syntaxErrors } = parseText('a: ${NAME}\nb: ${ONE}\nc: [x, "${TWO}"]\n', 'yaml', variables);
    expect(value).toBeUndefined();
    expect(syntaxErrors).toEqual([
      { line: 2, column: 4, message: expect.stringContaining('"ONE" is not set') },
      { line: 3, column: 8, message: expect.stringContaining('"TWO" is not set') },
    ]);
  });

  test('merges mappings, and locates what comes from them', () => {
    const text = 'x: &x { a: 1, b: 2 }\ny: &y { b: 3, c: 4 }\nz:\n  <<: [*x, *y]\n  a: 5\nw: { "<<": 1 }\n';
    const { value, locate } = parseText(text, 'yaml', variables);
    expect(value).toMatchObject({ z: { a: 5, b: 2, c: 4 }, w: { '<<': 1 } });
    expect(locate(['z', 'a'], 'value')).toEqual({ line: 5, column: 6 });
    expect(locate(['z', 'b'], 'value')).toEqual({ line: 1, column: 18 });
    expect(locate(['z', 'c'], 'key')).toEqual({ line: 2, column: 15 });
  });

  test('refuses to merge what is no mapping', () => {
    expect(parseText('a: &a 1\nb: { <<: *a }\n', 'yaml', variables).syntaxErrors).toEqual([
      { line: 2, column: 6, message: expect.stringContaining('expected a mapping to merge') },
    ]);
  });
});
