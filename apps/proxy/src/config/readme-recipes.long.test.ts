import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withCertificates } from '../../test-support/page-certificates.ts';
import { parseArguments } from '../cli/cli-arguments.ts';
import { parseText } from './read/locate.ts';
import { parseConfig } from './parse-config.ts';
import { explain } from '../explain/explain.ts';

const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
const recipes = Array.from(readme.matchAll(/^```yaml\n# (\S+)\n([^]*?)^```$/gm), ([, name = '', text = '']) => ({
  name,
  text,
}));

/** The line of the README, as the program understands it. */
function documentedQuery(): { client: Parameters<typeof explain>[2]['client']; url: string } {
  const [, line = ''] = /^npm start -- (explain .*)$/m.exec(readme) ?? [];
  const command = parseArguments(line.split(' '));
  if (command.name !== 'explain') throw new Error('The README has no line with explain.');
  return command;
}

/** Where the client chooses the server its name must be resolved, and no test asks a name server. */
const NEEDS_NAMES = new Set(['browsers.yaml', 'several.yaml']);

describe('the explain line of the README', () => {
  test('there are recipes', () => expect(recipes.length).toBeGreaterThan(2));

  test.each(recipes)('works for $name', async ({ name, text }) => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-readme-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { value, locate } = parseText(await withCertificates(text, folder), 'yaml');
    const source = {
      value: { ...(value as object), resolver: { type: 'dns', servers: ['127.0.0.1:9'], timeout: '1ms', tries: 1 } },
      locate,
      baseDirectory: '/',
    };
    const { client, url } = documentedQuery();
    const { verdict, route } = await explain(await parseConfig(source), source, {
      client,
      listener: 0,
      method: 'GET',
      url,
    });
    expect([name, verdict]).toEqual([name, NEEDS_NAMES.has(name) ? 'depends' : 'allow']);
    expect(route).toMatch(/\.routes\[0\]$/);
  });
});
