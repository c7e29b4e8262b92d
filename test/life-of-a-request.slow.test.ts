import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeIn, type Kind, kindOf } from './pages/named.ts';
import { root, SourceNames } from './pages/source-names.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const names = new SourceNames();
const errorCodes = new Set(Array.from(read('docs/errors.md').matchAll(/^\| `(\w+)` \|/gm), ([, code = '']) => code));
const settings = new Set(
  Array.from(read('apps/proxy/schema/inband.schema.json').matchAll(/"(\w+)": \{/g), ([, key = '']) => key),
);

/** Whether what a page names is there. A word in two cases may also be a key of the configuration. */
const exists: Record<Kind, (code: string) => boolean> = {
  file: (code) => existsSync(join(root, code)) || names.hasFile(code),
  folder: (code) => names.hasFolder(code) || existsSync(join(root, code)),
  error: (code) => errorCodes.has(code),
  symbol: (code) => names.hasSymbol(code) || settings.has(code),
  other: () => true,
};

const pages = [
  'docs/architecture.md',
  'docs/life-of-a-request.md',
  'packages/core/README.md',
  'packages/http-proxy/README.md',
  'packages/chainers/README.md',
  'packages/tls-guard/README.md',
  'packages/tls/README.md',
  'apps/proxy/README.md',
];

describe('what a page names', () => {
  test.each(pages)('every file, folder, symbol and error code of %s exists', (page) => {
    const missing = codeIn(read(page)).filter((code) => !exists[kindOf(code)](code));
    expect(missing).toEqual([]);
  });

  test('the life of a request names a file and the errors of each step', () => {
    const kinds = codeIn(read('docs/life-of-a-request.md')).map(kindOf);
    expect(kinds.filter((kind) => kind === 'file').length).toBeGreaterThan(30);
    expect(kinds.filter((kind) => kind === 'symbol').length).toBeGreaterThan(30);
    expect(kinds.filter((kind) => kind === 'error').length).toBeGreaterThan(20);
  });

  test('the life of a request names every step, in the order of the list', () => {
    const [, list = ''] = /const steps = \[([^\]]*)\]/.exec(read('packages/http-proxy/src/exchange/steps.ts')) ?? [];
    const order = Array.from(list.matchAll(/^\s+(\w+)\(/gm), ([, name = '']) => name);
    const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const rows = Array.from(
      read('docs/life-of-a-request.md').matchAll(/^\| `([a-z-]+)` \| `(?:[a-z]+\/)?([a-z-]+)\.ts` \|/gm),
      ([, step = '', file = '']) => [step, file],
    );
    expect(order.length).toBeGreaterThan(5);
    expect(rows).toEqual(order.map((name) => [kebab(name), kebab(name)]));
  });
});
