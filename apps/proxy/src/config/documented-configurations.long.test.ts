import { chmodSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { withCertificates } from '../../test-support/page-certificates.ts';
import { readConfigFile } from './read/read-source.ts';
import { parseConfig } from './parse-config.ts';

const root = resolve(import.meta.dirname, '../../../..');

/** The whole configurations on a page; a block with less is a detail of one. */
function configurationsOn(page: string): { name: string; text: string }[] {
  const source = readFileSync(resolve(root, page), 'utf8');
  return Array.from(source.matchAll(/^```yaml\n([^]*?)^```$/gm))
    .map(({ 1: text = '', index }) => ({ name: `${page}:${source.slice(0, index).split('\n').length}`, text }))
    .filter(({ text }) => /^listeners:/m.test(text) && /^services:/m.test(text));
}

const configurations = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()].flatMap(configurationsOn);

test('there are configurations in the README and on other pages', () => {
  expect(configurations.filter(({ name }) => name.startsWith('README.md')).length).toBeGreaterThan(2);
  expect(configurations.length).toBeGreaterThan(5);
});

// A checkout has files that everybody may read, which is warned of for one with a secret.
beforeAll(() => chmodSync(resolve(root, 'docs/examples/api-token.txt'), 0o600));

/** Warnings that their page speaks of, by the page. */
const EXPLAINED: Readonly<Record<string, RegExp>> = { 'docs/egress.md': /tokens go over the network in the clear/ };

test.each(configurations)('the configuration at $name is right, and gives no warning', async ({ name, text }) => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = resolve(root, 'docs/examples/on-a-page.yaml');
  const source = await readConfigFile(file, { texts: { [file]: await withCertificates(text, folder) }, folders: {} });
  const { warnings } = await parseConfig(source);
  const explained = EXPLAINED[name.split(':')[0] ?? ''];
  expect(warnings.filter((warning) => explained?.test(warning) !== true)).toEqual([]);
  expect(warnings).toHaveLength(explained === undefined ? 0 : 1);
});
