import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * The rules of imports are in `.dependency-cruiser.mjs`, and `walls/main.ts` checks them. This shows that the project
 * keeps them, and that each rule finds what breaks it.
 */
const root = resolve(import.meta.dirname, '..');

/** With more sources than that, a folder does not show what is in it. */
const MOST_SOURCES = 16;
const isForeign = (name: string): boolean => name === 'node_modules' || name === 'dist';

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** What `pnpm walls` says of the repository in `folder`. */
function checkWalls(folder: string): Promise<Outcome> {
  const line = [join(root, 'test/walls/main.ts')];
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
  ['packages/core/src/diagnostics/a.ts', "import 'node:dns';", 'platform-of-core-diagnostics'],
  ['packages/core/src/diagnostics/b.ts', "import '../policy/harmless.ts';", 'diagnostics-below-everything'],
  ['packages/core/src/machine/a.ts', "import 'node:net';", 'platform-of-core-machine'],
  ['packages/core/src/machine/b.ts', "import '../transport/harmless.ts';", 'transport-and-machine-apart'],
  ['packages/core/src/stacking/a.ts', "import '../transport/harmless.ts';", 'stacking-in-memory'],
  ['packages/core/src/transport/a.ts', "import '@inband/chainers';", 'core-stands-alone'],
  ['packages/core/src/transport/b.ts', "import 'zod';", 'platform-of-core-transport'],
  ['packages/http-proxy/src/a.ts', "import 'node:net';", 'platform-of-http-proxy'],
  ['packages/http-proxy/src/b.ts', "import '../../core/src/policy/harmless.ts';", 'packages-by-their-entries'],
  ['packages/http-proxy/src/c.ts', "import '../../core/src/index.ts';", 'packages-by-their-names'],
  ['apps/proxy/src/run/traces.ts', "import '@opentelemetry/api';", 'opentelemetry-for-traces'],
  ['apps/proxy/src/run/patterns.ts', "import 're2js';", 're2js-for-patterns'],
  ['packages/tls-guard/src/a.ts', "import 'node:tls';", 'platform-of-tls-guard'],
  ['packages/tls-guard/src/b.ts', "import type {} from '@inband/chainers';", 'packages-stand-on-core'],
  ['packages/chainers/src/a.ts', "import '@inband/http-proxy';", 'chainers-stand-on-core-and-pac'],
  ['packages/chainers/src/b.ts', "import 'yaml';", 'platform-of-chainers'],
  ['packages/chainers/src/c.ts', "import '@inband/pac';", 'pac-where-it-is-used'],
  ['packages/chainers/src/pool/health/probes/a.ts', "import 'zod';", 'platform-of-chainers-probes'],
  ['packages/tls/src/a.ts', "import type {} from '@inband/http-proxy';", 'tls-stands-on-core-files-and-guard'],
  ['packages/tls/src/b.ts', "import 'zod';", 'platform-of-tls'],
  ['packages/admin/src/a.ts', "import type {} from '@inband/core';", 'admin-stands-alone'],
  ['packages/admin/src/b.ts', "import 'pino';", 'platform-of-admin'],
  ['packages/auth/src/a.ts', "import type {} from '@inband/http-proxy';", 'packages-stand-on-core'],
  ['packages/auth/src/b.ts', "import 'zod';", 'platform-of-auth'],
  ['packages/auth/src/c.ts', "import 'undici';", 'platform-of-auth'],
  ['packages/auth/src/ask/a.ts', "import 'node:fs';", 'platform-of-auth-ask'],
  ['packages/store/src/a.ts', "import type {} from '@inband/http-proxy';", 'packages-stand-on-core'],
  ['packages/store/src/b.ts', "import './redis/harmless.ts';", 'store-loads-what-is-used'],
  ['packages/store/src/base/a.ts', "import 'node:net';", 'platform-of-store'],
  ['packages/store/src/redis/a.ts', "import 'node:net';", 'platform-of-store-redis'],
  ['packages/store/src/nats/a.ts', "import 'zod';", 'platform-of-store-nats'],
  ['packages/files/src/a.ts', "import type {} from '@inband/core';", 'files-stand-alone'],
  ['packages/files/src/b.ts', "import 'node:net';", 'platform-of-files'],
  ['packages/acme/src/a.ts', "import type {} from '@inband/core';", 'acme-stands-on-files'],
  ['packages/acme/src/b.ts', "import 'fastify';", 'platform-of-acme'],
  ['packages/pac/src/a.ts', "import type {} from '@inband/core';", 'pac-stands-on-files'],
  ['packages/pac/src/b.ts', "import 'zod';", 'platform-of-pac'],
  ['apps/proxy/src/a.ts', "import 'node:net';", 'program-without-sockets'],
  ['apps/proxy/src/b.ts', "import 'node:http';", 'program-without-sockets'],
  ['apps/proxy/src/c.ts', "import 'koffi';", 'platform-of-proxy'],
  ['apps/proxy/src/d.ts', "import '../test-support/harmless.ts';", 'program-stands-on-packages'],
  ['test/e2e/a.test.ts', "import '../../packages/core/src/index.ts';", 'packages-by-their-names'],
  ['bench/src/a.ts', "import '../../apps/proxy/src/harmless.ts';", 'packages-by-their-entries'],
  ['bench/src/b.ts', "import './nothing.ts';", 'every-import-resolves'],
];

const HARMLESS = [
  ...['core', 'files', 'http-proxy', 'tls-guard', 'chainers', 'admin', 'acme', 'auth', 'pac', 'store'].map(
    (name) => `packages/${name}/src/index.ts`,
  ),
  'packages/core/src/policy/harmless.ts',
  'packages/core/src/transport/harmless.ts',
  'packages/core/test-support/harmless.ts',
  'packages/store/src/redis/harmless.ts',
  'apps/proxy/src/harmless.ts',
  'apps/proxy/test-support/harmless.ts',
  'docs/harmless.ts',
];

/** Circles of which each is seen by one rule only. */
const CIRCLES = {
  // Two files, of which each needs only a type of the other.
  'bench/src/chicken.ts': "import type { Egg } from './egg.ts'; export interface Chicken { eggs: Egg[] }",
  'bench/src/egg.ts': "import { type Chicken } from './chicken.ts'; export interface Egg { from: Chicken }",
  // Two folders, of whose four files no two import each other in a circle.
  'bench/src/policy/rule.ts': "import '../nat/address.ts';",
  'bench/src/policy/zone.ts': 'export const zone = 1;',
  'bench/src/nat/address.ts': 'export const address = 1;',
  'bench/src/nat/table.ts': "import type { zone } from '../policy/zone.ts';",
  // Two folders, one of which is imported in a folder of its own.
  'bench/src/upper/uses.ts': "import '../lower/deep/used.ts';",
  'bench/src/upper/used.ts': 'export const upper = 1;',
  'bench/src/lower/uses.ts': "import '../upper/used.ts';",
  'bench/src/lower/deep/used.ts': 'export const lower = 1;',
  // A folder, and a file beside it.
  'bench/src/beside/uses.ts': "import '../beside.ts';",
  'bench/src/beside/used.ts': 'export const beside = 1;',
  'bench/src/beside.ts': "import './beside/used.ts';",
  // Two packages.
  'packages/left/src/index.ts': "export * from './used.ts';",
  'packages/left/src/used.ts': 'export const used = 1;',
  'packages/left/src/using.ts': "import '@inband/right';",
  'packages/right/src/index.ts': "import '@inband/left';",
};

const PACKAGES = ['core', 'http-proxy', 'tls-guard', 'chainers', 'pac', 'left', 'right'];

async function write(folder: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), `${text}\n`);
}

/** Makes a small repository that breaks every rule and has a circle of every kind. */
async function makeBrokenRepository(folder: string): Promise<void> {
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
    expect(output).toMatch(/^\d{3,} files, 0 findings\n$/);
    expect(code).toBe(0);
  }, 60_000);
});

describe('walls of a repository in which everything imports everything', () => {
  let broken = '';
  let found: Outcome = { code: 0, output: '' };

  beforeAll(async () => {
    broken = await mkdtemp(join(tmpdir(), 'inband-walls-'));
    await makeBrokenRepository(broken);
    found = await checkWalls(broken);
  });
  afterAll(() => rm(broken, { recursive: true, force: true }));

  /** What was found, in a paragraph each. */
  const findings = (): string[] => found.output.split('\n\n');
  /** The first line of each: the rule, and the import or the circle. */
  const headings = (): string[] => findings().map((finding) => finding.replace(/\n[^]*/, ''));
  const circles = (part: string): string[] =>
    headings().filter((one) => one.startsWith('no-circle') && one.includes(part));

  test('the check fails', () => {
    expect(found.code).toBe(1);
  });

  test.each(CROSSING)('%s may not say %s', (file, _source, rule) => {
    expect(headings()).toContainEqual(expect.stringContaining(`${rule}: ${file} → `));
    // A rule about a folder that was renamed would hold nothing out any more.
    expect(existsSync(join(root, dirname(file)))).toBe(true);
  });

  test('every rule finds something', async () => {
    const { ruleSet } = await extractDepcruiseOptions(join(root, '.dependency-cruiser.mjs'));
    const names = (ruleSet?.forbidden ?? []).map(({ name }) => name ?? '');
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !headings().some((heading) => heading.startsWith(`${name}: `)))).toEqual([]);
  });

  test('a package that no wall knows is found', () => {
    expect(headings()).toContain('packages-are-known: packages/left/src/using.ts → packages/right/src/index.ts');
  });

  test('files that need only types of each other form a circle', () => {
    expect(circles('egg')).toEqual([
      'no-circle-of-files: bench/src/chicken.ts → bench/src/egg.ts → bench/src/chicken.ts',
    ]);
  });

  test('folders form a circle where no files do', () => {
    expect(circles('nat')).toEqual(['no-circle-of-folders: bench/src/nat → bench/src/policy → bench/src/nat']);
  });

  test('packages form a circle where no files do', () => {
    expect(circles('left')).toEqual([
      'no-circle-of-folders: packages/left/src → packages/right/src → packages/left/src',
      'no-circle-of-entries: packages/left → packages/right → packages/left',
    ]);
  });

  test('a folder forms a circle with all that is in it, and every import of the circle is named', () => {
    expect(circles('upper')).toHaveLength(1);
    expect(findings()).toContain(
      [
        'no-circle-of-entries: bench/src/lower → bench/src/upper → bench/src/lower',
        '  bench/src/lower/uses.ts imports bench/src/upper/used.ts',
        '  bench/src/upper/uses.ts imports bench/src/lower/deep/used.ts',
      ].join('\n'),
    );
  });

  test('a folder forms a circle with a file beside it', () => {
    expect(circles('beside')).toEqual([
      'no-circle-of-entries: bench/src/beside → bench/src/beside.ts → bench/src/beside',
    ]);
  });
});

describe('folders', () => {
  const everything = globSync('{packages,apps,test,bench}/**/*.ts', { cwd: root, exclude: isForeign });
  const isTest = (file: string): boolean => file.endsWith('.test.ts');
  const sources = everything.filter((file) => !isTest(file));
  const tests = everything.filter((file) => isTest(file) && /^(packages|apps|bench)\//.test(file));

  test(`no folder holds more than ${MOST_SOURCES} sources, tests not counted`, () => {
    const counts = Map.groupBy(sources, dirname);
    const full = [...counts].flatMap(([folder, { length }]) => (length > MOST_SOURCES ? [`${folder}: ${length}`] : []));
    expect(full, 'Group them by what they are about, each group in a folder of its own.').toEqual([]);
  });

  test('every test of a package stands in a folder of sources', () => {
    const folders = new Set(sources.map(dirname));
    expect(tests.filter((file) => !folders.has(dirname(file)))).toEqual([]);
  });

  test('every test that has the name of a source stands beside it', () => {
    const known = new Set(everything);
    const lonely = sources.filter(
      (file) => !['test.ts', 'long.test.ts', 'slow.test.ts'].some((end) => known.has(file.replace(/ts$/, end))),
    );
    const misplaced = tests.filter((file) => {
      const source = basename(file).replace(/(?:\.(?:long|slow))?\.test\.ts$/, '.ts');
      const room = file.split('/').slice(0, 2).join('/');
      return (
        !known.has(join(dirname(file), source)) &&
        lonely.some((one) => one.startsWith(`${room}/`) && basename(one) === source)
      );
    });
    expect(misplaced).toEqual([]);
  });
});
