import { expect, test } from 'vitest';
import { putIntoText } from './put-into-text.ts';

const FILE = `# The proxy of the office.
workers: 1   # one is enough

services:
  # What browsers use.
  web:
    mode: forward
    http:
      maxBody: 1MiB # for uploads
    access:
      - allow: { clients: [private] }
`;

test('a value is changed in its place, and comments stay', () => {
  expect(putIntoText(FILE, 'yaml', { services: { web: { http: { maxBody: '8MiB' } } } })).toEqual({
    text: FILE.replace('maxBody: 1MiB #', 'maxBody: "8MiB" #'),
  });
});

test('a key is added, one is removed, and a list is replaced', () => {
  const patch = {
    workers: null,
    limits: { connections: 100 },
    services: { web: { access: [{ deny: { hosts: ['*.bad.example'] } }] } },
  };
  const put = putIntoText(FILE, 'yaml', patch);
  expect(put).toHaveProperty('text');
  const { text } = put as { text: string };
  expect(text).toContain('# What browsers use.');
  expect(text).not.toContain('workers');
  expect(text).toContain('limits:\n  connections: 100\n');
  expect(text).toMatch(/access:\n\s+- deny:\n\s+hosts:\n\s+- "?\*\.bad\.example"?\n/);
});

test('lines that are not changed stay as they were written', () => {
  const text = `listeners:
    -   bind:   ':3128'
        service: web
services:
    web: {mode: 'forward',   routes: [ {chainer: {type: "inband"}} ]}   # all of it

    other:
        mode: "reverse"
        access:
            -   allow: {clients: ['private' , "10.0.0.0/8"]}
`;
  const limited = putIntoText(text, 'yaml', { limits: { connections: 5 } });
  expect(limited).toEqual({ text: `${text}limits:\n    connections: 5\n` });
  const added = putIntoText(text, 'yaml', { services: { other: { http: { maxBody: '1MiB' } } } });
  expect(added).toEqual({ text: `${text}        http:\n            maxBody: 1MiB\n` });
  const removed = putIntoText(text, 'yaml', { services: { other: { access: null } } });
  expect(removed).toEqual({ text: text.slice(0, text.indexOf('        access')) });
});

test('a text that looks like a variable, a number or a comment stays a text', () => {
  const patch = { services: { web: { access: [{ deny: { reason: 'costs ${5} # no', hosts: ['10'] } }] } } };
  const put = putIntoText(FILE, 'yaml', patch);
  expect(put).toHaveProperty('text');
});

test('a variable is replaced by the value that the change has', () => {
  const put = putIntoText('workers: ${WORKERS:1}\nservices: {}\n', 'yaml', { workers: 4 });
  expect(put).toEqual({ text: 'workers: 4\nservices: {}\n' });
});

test.each([
  ['an anchor that is used', 'a: &x { b: 1 }\nc: *x\n', { a: { b: 2 } }, /^a\.b: other places use/],
  ['an alias', 'a: &x { b: 1 }\nc: *x\n', { c: { b: 2 } }, /^c\.b: .*anchor/],
  [
    'a key of a merge',
    'a: &x { b: 1 }\nc: { <<: *x, d: 1 }\n',
    { c: { b: null } },
    /^c\.b: .*merge key|say something else/,
  ],
  ['what is no mapping', 'a: [1]\n', { a: { b: 2 } }, /no mapping|say something else/],
  ['a text with errors', 'a: [1\n', { a: 1 }, /^line /],
])('%s is refused', (_name, text, patch, problem) => {
  expect(putIntoText(text, 'yaml', patch)).toEqual({ problem: expect.stringMatching(problem) });
});

test('a merged key can be set where it is merged', () => {
  const put = putIntoText('a: &x { b: 1 }\nc:\n  <<: *x\n', 'yaml', { c: { b: 2 } });
  expect(put).toEqual({ text: 'a: &x { b: 1 }\nc:\n  <<: *x\n  b: 2\n' });
});

test('JSON keeps its indentation', () => {
  const text = '{\n    "workers": 1,\n    "listeners": []\n}\n';
  expect(putIntoText(text, 'json', { workers: 2, log: { level: 'warn' } })).toEqual({
    text: '{\n    "workers": 2,\n    "listeners": [],\n    "log": {\n        "level": "warn"\n    }\n}\n',
  });
});
