import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { withoutLocal } from './without-local.ts';

const stripped = (path: string, text: string) => {
  const { files, left } = withoutLocal({ main: [path], texts: { [path]: text }, folders: {} });
  return { text: files.texts[path] ?? '', left };
};

test('sections that are each member’s own are left out, and every other line stays where it was', () => {
  const text = `# ours
store:
  type: redis
  password: secret # this
listeners: [{ bind: ":1", service: web }]
admin: { bind: 127.0.0.1:1 }
services:
  web: { mode: forward } # that
log:
  level: warn
`;
  const found = stripped('a.yaml', text);
  expect(found.left).toEqual(['admin', 'log', 'store']);
  expect(found.text).not.toMatch(/secret|127\.0\.0\.1|warn/);
  const lines = found.text.split('\n');
  expect([lines[0], lines[4], lines[7]]).toEqual([
    '# ours',
    'listeners: [{ bind: ":1", service: web }]',
    '  web: { mode: forward } # that',
  ]);
});

test.each([
  ['{ store: { type: memory }, workers: 2, zones: { a: [1.1.1.1] } }', 'a.yaml'],
  ['{\n "workers": 2,\n "zones": { "a": ["1.1.1.1"] }\n}', 'a.json'],
  ['workers:\nzones: { a: [1.1.1.1] }\nstore: &s\n  - 1\n', 'a.yml'],
  ['"workers": 2\nzones:\n  a:\n    - 1.1.1.1\n', 'a.yaml'],
])('they are left out however they are written: %j', (text, path) => {
  expect(parse(stripped(path, text).text)).toEqual({ zones: { a: ['1.1.1.1'] } });
  expect(stripped(path, text).left).toContain('workers');
});

test.each([
  ['acme:\n  directory: d\n  state: /here # mine\n  hosts: [a]\nzones: {}\n', 'a.yaml'],
  ['acme: { state: /here, directory: d, hosts: [a] }\nzones: {}\n', 'a.yaml'],
  ['x-a: &a { directory: d, state: /here, hosts: [a] }\nacme: *a\nzones: {}\n', 'a.yaml'],
  ['{ "acme": { "directory": "d", "state": "/here", "hosts": ["a"] }, "zones": {} }', 'a.json'],
])('the folder of ACME is left out, and the rest of its section stays: %j', (text, path) => {
  const found = stripped(path, text);
  expect(parse(found.text)).toMatchObject({ acme: { directory: 'd', hosts: ['a'] }, zones: {} });
  expect(Object.keys((parse(found.text) as { acme: object }).acme).toSorted()).toEqual(['directory', 'hosts']);
  expect(found.left).toEqual(['acme.state']);
});

test('a section of ACME that has nothing else stays as an empty one', () => {
  expect(parse(stripped('a.yaml', 'acme:\n  state: /here\n').text)).toEqual({ acme: {} });
  expect(stripped('a.yaml', 'other:\n  state: /here\n').left).toEqual([]);
});

test('a text that cannot be read, and one without them, stay as they are', () => {
  for (const text of ['workers: [', 'zones: { admin: [1.1.1.1] } # admin: none\n']) {
    expect(stripped('a.yaml', text)).toEqual({ text, left: [] });
  }
  expect(stripped('a.json', '{ "workers": ')).toEqual({ text: '{ "workers": ', left: [] });
});

test('what else refers to a section that is left out by an alias has its value', () => {
  const text = 'store: &s { a: 1 }\nzones: { b: *s }\n';
  expect(parse(stripped('a.yaml', text).text)).toEqual({ zones: { b: { a: 1 } } });
});

const deep = 20_000;
test.each([
  ['an alias that names nothing', 'a.yaml', 'log: {}\nx-a: *none\n'],
  ['aliases that name too much', 'a.yaml', `log: {}\n${aliases()}`],
  ['a merge of what is no mapping', 'a.yaml', 'log: {}\n<<: 7\n'],
  ['what is nested too deeply', 'a.json', `{"log":{},"x":${'['.repeat(deep)}${']'.repeat(deep)}}`],
])('a text with %s stays as it is, and is refused by whoever reads it', (_what, path, text) => {
  expect(stripped(path, text).text === text).toBe(true);
});

/** Each has ten times the one before. */
function aliases(): string {
  const names = ['a', 'b', 'c', 'd'];
  const lines = names.map((name, i) => {
    const before = names[i - 1];
    return `x-${name}: &${name} [${Array(10)
      .fill(before === undefined ? '1' : `*${before}`)
      .join(',')}]\n`;
  });
  return lines.join('');
}
