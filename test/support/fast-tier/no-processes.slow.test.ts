import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Shows that the fast tier bites: runs tests that start processes, by its runner. */
const root = resolve(import.meta.dirname, '../../..');

const WAYS: readonly string[] = [
  "spawn('true')",
  "exec('true')",
  "execFile('true')",
  "fork('true')",
  "promisify(execFile)('true')",
  "spawnSync('true')",
  "execSync('true')",
  "execFileSync('true')",
];

const SOURCE = `
import { exec, execFile, execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

${WAYS.map((way) => `test(${JSON.stringify(way)}, async () => void (await ${way}));`).join('\n')}
`;

const CAUGHT = `
import { execFileSync } from 'node:child_process';
import { test } from 'vitest';

test('has caught the error', () => {
  try {
    execFileSync('true');
  } catch {}
});
`;

let folder = '';
let output = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-fast-tier-'));
  const config = {
    test: {
      runner: join(root, 'test/support/fast-tier/runner.ts'),
      isolate: false,
      experimental: { viteModuleRunner: false, nodeLoader: false },
      reporters: ['verbose'],
    },
  };
  await Promise.all([
    symlink(join(root, 'node_modules'), join(folder, 'node_modules')),
    writeFile(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify(config)};`),
    writeFile(join(folder, 'ways.test.mjs'), SOURCE),
    writeFile(join(folder, 'caught.test.mjs'), CAUGHT),
    writeFile(
      join(folder, 'harmless.test.mjs'),
      "import { test } from 'vitest';\n\ntest('starts nothing', () => {});\n",
    ),
  ]);
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder];
  output = await new Promise((done) => {
    execFile(process.execPath, vitest, { env: { ...process.env, NO_COLOR: '1' } }, (_, stdout, stderr) =>
      done(stdout + stderr),
    );
  });
});

afterAll(() => rm(folder, { recursive: true }));

test.each(WAYS)('a test of the fast tier fails when it starts a process by %s', (way) => {
  expect(output).toContain(`FAIL  ways.test.mjs > ${way}\n`);
  expect(output).not.toContain(`✓ ways.test.mjs > ${way}\n`);
  expect(output).toMatch(/Starting \S+: tests of the fast tier start no processes; move this one to a file/);
});

test('a file that catches the error fails nevertheless, and says what it has tried', () => {
  expect(output).toMatch(/FAIL {2}caught\.test\.mjs/);
  expect(output).toContain('This file has tried to start true: tests of the fast tier start no processes;');
});

test('a file that starts nothing passes', () => {
  expect(output).toContain('✓ harmless.test.mjs > starts nothing');
});
