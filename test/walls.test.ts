import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The walls are in `.dependency-cruiser.mjs`. This shows that the project keeps them, and that each of them bites. */
const root = resolve(import.meta.dirname, '..');

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** What `pnpm walls` does, with the sources in `folder`. */
function checkWalls(folder: string): Promise<Outcome> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { walls: string } };
  const [, ...words] = manifest.scripts.walls.split(' ');
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const line = [program, '--config', join(root, '.dependency-cruiser.mjs'), ...words];
  return new Promise((done) => {
    execFile(process.execPath, line, { cwd: folder, env: { ...process.env, NO_COLOR: '1' } }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

/** Sources of which each crosses one wall. What they import besides are the harmless files below. */
const CROSSING: readonly (readonly [file: string, source: string, rule: string])[] = [
  ['packages/core/src/policy/a.ts', "import 'node:net';", 'platform-of-core'],
  ['packages/core/src/policy/b.ts', "import type { Socket } from 'node:net';", 'platform-of-core'],
  ['packages/core/src/policy/c.ts', "import '../transport/harmless.ts';", 'sockets-and-files-through-the-entry'],
  ['packages/core/src/policy/d.ts', "import '@inband/http-proxy';", 'core-stands-alone'],
  ['packages/core/src/policy/e.ts', "import '../../test-support/harmless.ts';", 'core-stands-alone'],
  ['packages/core/src/resolver/a.ts', "import 'node:dgram';", 'platform-of-core'],
  ['packages/core/src/resolver/b.ts', "export * from 'node:fs';", 'platform-of-core'],
  ['packages/core/src/resolver/c.ts', "const tls = await import('node:tls');", 'platform-of-core'],
  ['packages/core/src/machine/a.ts', "import 'node:net';", 'platform-of-core-machine'],
  ['packages/core/src/machine/b.ts', "import '../transport/harmless.ts';", 'transport-and-machine-apart'],
  ['packages/core/src/transport/a.ts', "import '@inband/chainers';", 'core-stands-alone'],
  ['packages/core/src/transport/b.ts', "import 'zod';", 'platform-of-core-transport'],
  ['packages/http-proxy/src/a.ts', "import 'node:net';", 'platform-of-http-proxy'],
  ['packages/http-proxy/src/b.ts', "import '../../core/src/policy/harmless.ts';", 'packages-by-their-entries'],
  ['packages/http-proxy/src/c.ts', "import '../../core/src/index.ts';", 'packages-by-their-names'],
  ['packages/tls-guard/src/a.ts', "import 'node:tls';", 'platform-of-tls-guard'],
  ['packages/tls-guard/src/b.ts', "import type {} from '@inband/chainers';", 'packages-stand-on-core'],
  ['packages/chainers/src/a.ts', "import '@inband/http-proxy';", 'packages-stand-on-core'],
  ['packages/chainers/src/b.ts', "import 'yaml';", 'platform-of-chainers'],
  ['apps/proxy/src/a.ts', "import 'node:net';", 'program-without-sockets'],
  ['apps/proxy/src/b.ts', "import 'node:http';", 'program-without-sockets'],
  ['apps/proxy/src/c.ts', "import 'koffi';", 'platform-of-proxy'],
  ['apps/proxy/src/d.ts', "import '../test-support/harmless.ts';", 'program-stands-on-packages'],
  ['test/e2e/a.test.ts', "import '../../packages/core/src/index.ts';", 'packages-by-their-names'],
  ['bench/src/a.ts', "import '../../apps/proxy/src/harmless.ts';", 'packages-by-their-entries'],
  ['bench/src/b.ts', "import './nothing.ts';", 'every-import-resolves'],
];

const HARMLESS = [
  ...['core', 'http-proxy', 'tls-guard', 'chainers'].map((name) => `packages/${name}/src/index.ts`),
  'packages/core/src/policy/harmless.ts',
  'packages/core/src/transport/harmless.ts',
  'packages/core/test-support/harmless.ts',
  'apps/proxy/src/harmless.ts',
  'apps/proxy/test-support/harmless.ts',
  'docs/harmless.ts',
];

/** Circles of three kinds, of which none is of the kind before it as well. */
const CIRCLES = {
  // Two files, of which each needs only a type of the other.
  'bench/src/chicken.ts': "import type { Egg } from './egg.ts'; export interface Chicken { eggs: Egg[] }",
  'bench/src/egg.ts': "import { type Chicken } from './chicken.ts'; export interface Egg { from: Chicken }",
  // Two folders, of whose four files no two import each other in a circle.
  'bench/src/policy/rule.ts': "import '../nat/address.ts';",
  'bench/src/policy/zone.ts': 'export const zone = 1;',
  'bench/src/nat/address.ts': 'export const address = 1;',
  'bench/src/nat/table.ts': "import type { zone } from '../policy/zone.ts';",
  // Two packages, likewise.
  'packages/left/src/index.ts': "export * from './used.ts';",
  'packages/left/src/used.ts': 'export const used = 1;',
  'packages/left/src/using.ts': "import '@inband/right';",
  'packages/right/src/index.ts': "import '@inband/left';",
};

const PACKAGES = ['core', 'http-proxy', 'tls-guard', 'chainers', 'left', 'right'];

async function write(folder: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), `${text}\n`);
}

/** Makes a small repository in which every wall is crossed and every kind of circle closed. */
async function makeRuin(folder: string): Promise<void> {
  const manifest = { type: 'module', exports: { '.': './src/index.ts' } };
  await mkdir(join(folder, 'node_modules/@inband'), { recursive: true });
  for (const name of PACKAGES) {
    await write(folder, `packages/${name}/package.json`, JSON.stringify({ ...manifest, name: `@inband/${name}` }));
    await symlink(join(folder, 'packages', name), join(folder, 'node_modules/@inband', name));
  }
  for (const name of ['zod', 'yaml', 'koffi']) {
    await write(folder, `node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    await write(folder, `node_modules/${name}/index.js`, '');
  }
  for (const file of HARMLESS) await write(folder, file, 'export const harmless = 1;');
  for (const [file, source] of CROSSING) await write(folder, file, source);
  for (const [file, source] of Object.entries(CIRCLES)) await write(folder, file, source);
}

describe('walls', () => {
  test('no import of the project crosses a wall, and none forms a circle', async () => {
    const { code, output } = await checkWalls(root);
    expect(output).toMatch(/no dependency violations found \(\d{3,} modules/);
    expect(code).toBe(0);
  });
});

describe('walls of a repository in which everything imports everything', () => {
  let ruin = '';
  let found: Outcome = { code: 0, output: '' };

  beforeAll(async () => {
    ruin = await mkdtemp(join(tmpdir(), 'inband-walls-'));
    await makeRuin(ruin);
    found = await checkWalls(ruin);
  });
  afterAll(() => rm(ruin, { recursive: true, force: true }));

  /** What is said of a rule that was broken, with all white space made one space. */
  const said = (): string => found.output.replaceAll(/\s+/g, ' ');

  test('the check fails', () => {
    expect(found.code).toBeGreaterThan(0);
  });

  test.each(CROSSING)('%s may not say %s', (file, _source, rule) => {
    expect(said()).toContain(`error ${rule}: ${file} →`);
    // A rule about a folder that was renamed would hold nothing out any more.
    expect(existsSync(join(root, dirname(file)))).toBe(true);
  });

  test('files that need only types of each other form a circle', () => {
    expect(said()).toContain(
      'error no-circle-of-files: bench/src/chicken.ts → bench/src/egg.ts → bench/src/chicken.ts',
    );
  });

  test('folders form a circle where no files do', () => {
    expect(said()).toContain('error no-circle-of-folders: bench/src/policy → bench/src/nat → bench/src/policy');
    expect(said()).not.toMatch(/no-circle-of-files: \S+(policy|nat)/);
  });

  test('packages form a circle where no files do', () => {
    expect(said()).toContain('error no-circle-of-folders: packages/left/src → packages/right/src → packages/left/src');
    expect(said()).not.toContain('no-circle-of-files: packages/');
  });

  test('a package that no wall knows is found', () => {
    expect(said()).toContain('error packages-are-known: packages/left/src/using.ts →');
  });
});
