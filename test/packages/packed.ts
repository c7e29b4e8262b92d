import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** The published packages, by folder. */
export const PACKAGES = [
  'packages/core',
  'packages/files',
  'packages/http-proxy',
  'packages/tls-guard',
  'packages/tls',
  'packages/chainers',
  'packages/admin',
  'packages/acme',
  'packages/auth',
  'packages/pac',
  'packages/store',
  'apps/proxy',
];

/** What they need of others, and which package's own copy is lent to them. */
const LENT: readonly (readonly [name: string, from: string])[] = [
  ['koffi', 'packages/core'],
  ['@standard-schema/spec', 'packages/core'],
  ['fastify', 'packages/admin'],
  ['jose', 'packages/admin'],
  ['@fastify/swagger', 'packages/admin'],
  ['typebox', 'packages/admin'],
  ['undici', 'packages/acme'],
  ['quickjs-wasi', 'packages/pac'],
  ['zod', 'apps/proxy'],
  ['@types/node', '.'],
];

async function buildAll(): Promise<void> {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root });
  await run(process.execPath, [join(root, 'apps/proxy/build/main.ts')]);
}

async function pack(folder: string): Promise<void> {
  const filters = PACKAGES.flatMap((name) => ['--filter', `./${name}`]);
  await pnpm(['--dir', root, '--recursive', ...filters, 'pack', '--pack-destination', folder]);
}

/** Builds the packages, and packs each of them into a tarball in `folder`, as `npm run pack:all` does. */
export async function packAll(folder: string): Promise<void> {
  await buildAll();
  await pack(folder);
}

/** A project with the packages as `npm install` would unpack them, made without asking any registry. */
export class Scratch {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Scratch> {
    await buildAll();
    const scratch = new Scratch(await mkdtemp(join(tmpdir(), 'inband-packed-')));
    await mkdir(scratch.#modules);
    await scratch.#install();
    for (const [name, from] of LENT) {
      const place = join(scratch.#modules, name);
      await mkdir(dirname(place), { recursive: true });
      await symlink(join(root, from, 'node_modules', name), place);
    }
    return scratch;
  }

  get #modules(): string {
    return join(this.folder, 'node_modules');
  }

  /** Where the package `name` is installed. */
  place(name: string): string {
    return join(this.#modules, name);
  }

  async #install(): Promise<void> {
    const packed = join(this.folder, 'packed');
    await pack(packed);
    for (const tarball of await readdir(packed)) {
      await run('tar', ['-xzf', join(packed, tarball), '-C', packed]);
      const manifest = JSON.parse(await readFile(join(packed, 'package/package.json'), 'utf8')) as { name: string };
      const place = this.place(manifest.name);
      await mkdir(dirname(place), { recursive: true });
      await rename(join(packed, 'package'), place);
    }
    await rm(packed, { recursive: true });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}

/** pnpm replaces `workspace:` versions and applies `publishConfig` when it packs; npm does neither. */
async function pnpm(args: readonly string[]): Promise<void> {
  const running = process.env.npm_execpath;
  if (running !== undefined && /pnpm\.c?[jm]s$/.test(running)) await run(process.execPath, [running, ...args]);
  else await run('npx', ['--yes', 'pnpm@12', ...args]);
}
