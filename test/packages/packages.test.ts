import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startNats, startRedis } from '../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../support/requires.ts';
import { writeEveryFeature } from './every-feature.ts';
import { cachingIn, compiledBy } from './compiled.ts';
import { LanguageServer } from './language-server.ts';
import { modulesLoadedTwice, ownModulesIn } from './modules-in.ts';
import { PACKAGES, root, Scratch } from './packed.ts';
import { sourcesIn } from './sources-in.ts';
import { BARE, loadedBy, loadedByEach } from './started.ts';
import { type JsonSchema, writeEveryKey } from './written-keys.ts';

const run = promisify(execFile);
let scratch: Scratch;
let origin: Server;
let originPort = 0;

beforeAll(async () => {
  scratch = await Scratch.make();
  origin = createServer((_request, response) => response.end('from the origin'));
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', listening));
  const address = origin.address();
  originPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
}, 120_000);

afterAll(async () => {
  origin.close();
  await scratch.remove();
});

async function manifestOf(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

describe.each(PACKAGES)('%s, packed', (folder) => {
  async function installed(): Promise<{ place: string; manifest: Record<string, unknown> }> {
    const { name } = await manifestOf(join(root, folder, 'package.json'));
    const place = scratch.place(String(name));
    return { place, manifest: await manifestOf(join(place, 'package.json')) };
  }

  test('says what it is, where it comes from and what it needs', async () => {
    const { manifest } = await installed();
    expect(manifest).toMatchObject({
      description: expect.stringMatching(/.{20}/),
      license: 'MIT',
      repository: { type: 'git', directory: folder },
      engines: { node: '>=24' },
    });
    expect((manifest.keywords as string[]).length).toBeGreaterThan(4);
    // One package needs no other.
    const needed = JSON.stringify(manifest.dependencies ?? {});
    expect(needed).not.toContain('workspace:');
    expect(needed).not.toContain('catalog:');
  });

  test('has its licence, its README, its JavaScript and its types, and no tests', async () => {
    const { place } = await installed();
    for (const file of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']) {
      expect(existsSync(join(place, file)), file).toBe(true);
    }
    expect(await readFile(join(place, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'));
    expect(globSync(['**/*.test.*', '**/.tsbuildinfo'], { cwd: place })).toEqual([]);
  });
});

/** Starts a proxy, has one page fetched through it, and ends. Prints the page. */
const USE = `
  async function use(createInband) {
    const inband = await createInband({
      log: { level: 'silent', access: false },
      listeners: [{ bind: '127.0.0.1:0', service: 'local' }],
      services: { local: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    });
    const { address: { address: host, port } } = inband.listeners[0];
    const path = 'http://127.0.0.1:' + process.argv[2] + '/';
    const text = await new Promise((resolve, reject) => {
      request({ host, port, path, agent: false }, (response) => response.setEncoding('utf8').once('data', resolve)).on('error', reject).end();
    });
    await inband.close({ grace: 1000 });
    console.log(text);
  }
`;

/** The oldest version that `engines` names, and the one of this repository. */
const NODES = [
  { version: 24, node: join(root, 'test/node_modules/node-24/bin/node') },
  { version: 26, node: join(root, 'node_modules/.bin/node') },
];

describe.each(NODES)('a project that depends on it, on Node $version', ({ version, node }) => {
  test('is that version', async () => {
    const { stdout } = await run(node, ['--version']);
    expect(stdout).toMatch(new RegExp(`^v${version}\\.`));
  });

  test.each([
    [
      'ESM',
      'use.mjs',
      `import { request } from 'node:http';\nimport { createInband } from 'inband';\n${USE}\nawait use(createInband);\n`,
    ],
    [
      'CommonJS',
      'use.cjs',
      `const { request } = require('node:http');\nconst { createInband } = require('inband');\n${USE}\nuse(createInband);\n`,
    ],
  ])('embeds a proxy (%s)', async (_, name, text) => {
    const file = join(scratch.folder, name);
    await writeFile(file, text);
    const { stdout, stderr } = await run(node, [file, String(originPort)], { cwd: scratch.folder });
    expect({ stdout, stderr }).toEqual({ stdout: 'from the origin\n', stderr: '' });
  });

  test('runs the program', async () => {
    const { bin } = await manifestOf(join(scratch.place('inband'), 'package.json'));
    const program = join(scratch.place('inband'), (bin as Record<string, string>).inband ?? '');
    const { stdout } = await run(node, [program, 'check'], { cwd: scratch.folder });
    expect(stdout).toBe('the default configuration: ok\n');
  });

  test('runs the program with several workers', async () => {
    const program = join(scratch.place('inband'), 'bin/inband.mjs');
    const file = join(scratch.folder, 'workers.yaml');
    await writeFile(
      file,
      `workers: 2
listeners: [{ bind: "127.0.0.1:0", service: local }]
services: { local: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
    );
    const child = spawn(node, [program, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('"msg":"listening"')) child.kill('SIGTERM');
    }
    expect(await ended).toEqual([0, null]);
  });
});

test('the program has an admin server, in a thread that loads it', async () => {
  const file = join(scratch.folder, 'admin.yaml');
  await writeFile(
    file,
    `admin: { bind: "127.0.0.1:0" }
listeners: [{ bind: "127.0.0.1:0", service: local }]
services: { local: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
  );
  const program = join(scratch.place('inband'), 'bin/inband.mjs');
  const child = spawn(process.execPath, [program, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let address = '';
  for await (const line of createInterface({ input: child.stdout })) {
    address = /"address":"([^"]*)","msg":"the admin server listens"/.exec(line)?.[1] ?? address;
    if (!line.includes('"msg":"listening"')) continue;
    const ready = await fetch(`http://${address}/health/ready`).finally(() => child.kill('SIGTERM'));
    expect(await ready.json()).toMatchObject({ status: 'ready', listeners: [{ name: 'local' }] });
  }
  expect(await ended).toEqual([0, null]);
});

test('the program runs a PAC file, in a thread with an engine of its own', async () => {
  const file = join(scratch.folder, 'pac.yaml');
  await writeFile(
    file,
    `listeners: [{ bind: "127.0.0.1:0", service: local }]
services: { local: { mode: forward, access: [{ allow: { hosts: "*" } }], routes: [{ chainer: { type: pac, file: proxy.pac } }] } }
`,
  );
  const check = async (text: string): Promise<string> => {
    await writeFile(join(scratch.folder, 'proxy.pac'), text);
    const program = join(scratch.place('inband'), 'bin/inband.mjs');
    const { stdout, stderr } = await run(process.execPath, [program, 'check', '--config', file]).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    return stdout + stderr;
  };
  expect(await check('function FindProxyForURL() { return "DIRECT"; }')).toMatch(/: ok\n$/);
  expect(await check('function FindProxyForURL( {')).toContain('chainer.file: it threw SyntaxError');
});

/** A start without a configuration, which binds the usual port: nobody else has it in a network of its own. */
const ALONE = ['-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

describeRequiring(
  { commands: ['ip', 'unshare'], networkNamespaces: true },
  'the program as it starts with the default configuration',
  () => {
    const MIB = 1024 * 1024;

    function started() {
      const program = join(scratch.place('inband'), 'bin/inband.mjs');
      return loadedBy(process.execPath, [program], '"msg":"listening"', ['unshare', ...ALONE]);
    }

    test('loads a few files of its own, and of other packages koffi only', async () => {
      const { files } = await started();
      const own = files.filter((url) => url.includes('/inband/'));
      expect(own.length).toBeGreaterThan(4);
      expect(own.length).toBeLessThan(25);
      const others = files.filter((url) => !own.includes(url) && !url.includes('koffi'));
      expect(others).toEqual([]);
    });

    test('loads nothing that has to be configured, or that another command needs, and makes no schema', async () => {
      const { files, builtins, schemas } = await started();
      const sources = sourcesIn(files.filter((url) => url.includes('/inband/dist/')));
      const needed = ['src/main.ts', 'src/single/run.ts', '../../packages/http-proxy/src/exchange/exchange.ts'];
      for (const source of needed) expect(sources).toContain(source);
      const unneeded = [
        /node_modules\/(?:yaml|zod)\//,
        /^src\/admin\/(?:thread|questions)\//,
        /^src\/cli\/(?:check|completions|explain-once|help|init|pac)\.ts$/,
        /^src\/config\/(?:auth|check|cluster|filters|limits|templates)\//,
        /^src\/config\/(?:parse-config|schema\/schema)\.ts$/,
        /^src\/explain\//,
        /^src\/workers\//,
        /packages\/chainers\/src\/(?:environment|pac|parent|pool|ways)\//,
      ];
      expect(sources.filter((source) => unneeded.some((pattern) => pattern.test(source)))).toEqual([]);
      expect(builtins.filter((name) => /^(?:_?http|https$|http2$|_tls|tls$|readline$)/.test(name))).toEqual([]);
      expect(schemas).toBe(0);
    });

    test('takes at most 30 MiB more than a Node.js that only listens', async () => {
      const [ours, bare] = [await started(), await loadedBy(process.execPath, BARE, 'listening')];
      expect(ours.memory - bare.memory).toBeLessThan(30 * MIB);
    });
  },
);

test('what serves requests is one file, which exports other names than it uses', async () => {
  const file = await readFile(join(scratch.place('inband'), 'dist/chunks/proxy.js'), 'latin1');
  for (const name of [
    'const EpollConnection = class',
    'const HeadParser = class',
    'function copyWords(',
    'const Session = class',
  ]) {
    expect(file).toContain(name);
  }
  const exported = Array.from(
    /^(?:.*; )?export \{ (.*) \};$/m.exec(file)?.[1]?.split(', ') ?? [],
    (part) => part.split(' ')[0]!,
  );
  expect(exported.length).toBeGreaterThan(100);
  // A `let` and a namespace keep their names.
  expect(exported.filter((name) => !name.endsWith('$exported')).length).toBeLessThan(5);
});

test('a start with a small configuration loads a few files, and makes schemas only of what is written, or has a default', async () => {
  const program = join(scratch.place('inband'), 'bin/inband.mjs');
  const { files, schemas } = await loadedBy(process.execPath, [program, 'forward', '127.0.0.1:0'], '"msg":"listening"');
  expect(files.filter((url) => url.includes('/inband/')).length).toBeLessThan(30);
  expect(schemas).toBeGreaterThan(300);
  expect(schemas).toBeLessThan(650);
});

describe('what V8 compiled', () => {
  let program = '';
  let cache = '';
  const args = (file: string): string[] => [program, '--config', file];

  beforeAll(async () => {
    program = join(scratch.place('inband'), 'bin/inband.mjs');
    cache = await mkdtemp(join(scratch.folder, 'cache-'));
  });

  async function configured(workers: number): Promise<string> {
    const file = join(scratch.folder, `cached-${workers}.json`);
    const services = { local: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } };
    await writeFile(
      file,
      JSON.stringify({ workers, listeners: [{ bind: '127.0.0.1:0', service: 'local' }], services }),
    );
    return file;
  }

  test.each([1, 2])('is read by the next start, with %i workers', async (workers) => {
    const processes = workers === 1 ? 1 : 1 + workers;
    const file = await configured(workers);
    const first = await compiledBy(process.execPath, args(file), cache, processes);
    expect(first.compiled).toBeGreaterThan(workers === 1 ? 12 : 0);
    expect(first).toMatchObject({ rejected: 0, written: first.compiled });
    const second = await compiledBy(process.execPath, args(file), cache, processes);
    expect(second).toEqual({ accepted: first.accepted + first.compiled, rejected: 0, compiled: 0, written: 0 });
  });

  test('stays for a few versions, and is removed then', async () => {
    const all = join(cache, 'inband/compiled');
    const [own = ''] = await readdir(all);
    await rm(join(all, own), { recursive: true });
    for (const [index, name] of ['0.0.1', '0.0.2', '0.0.3', '0.0.4'].entries()) {
      await mkdir(join(all, name));
      await utimes(join(all, name), index, index);
    }
    const options = { env: cachingIn(cache), stdio: 'ignore' } as const;
    const child = spawn(process.execPath, args(await configured(1)), options);
    const ended = once(child, 'exit');
    const left = new Set(['0.0.2', '0.0.3', '0.0.4', own]);
    await vi.waitFor(async () => expect(new Set(await readdir(all))).toEqual(left), { timeout: 10_000 });
    child.kill('SIGTERM');
    await ended;
  });

  test('leaves no files that were not written to their end', async () => {
    const all = join(cache, 'inband/compiled');
    const own = (await readdir(all)).find((name) => !name.startsWith('0.0.')) ?? '';
    const [folder = ''] = await readdir(join(all, own));
    const [whole = ''] = await readdir(join(all, own, folder));
    const [old, recent] = [join(all, own, folder, `${whole}.aB3xYz`), join(all, own, folder, `${whole}.bB3xYz`)];
    for (const path of [old, recent]) await writeFile(path, '');
    await utimes(old, 1, 1);
    const options = { env: cachingIn(cache), stdio: 'ignore' } as const;
    const child = spawn(process.execPath, args(await configured(1)), options);
    const ended = once(child, 'exit');
    await vi.waitFor(() => expect(existsSync(old)).toBe(false), { timeout: 10_000 });
    expect(existsSync(recent)).toBe(true);
    expect(existsSync(join(all, own, folder, whole))).toBe(true);
    child.kill('SIGTERM');
    await ended;
  });

  test.each<[string, (folder: string) => Promise<void>, RegExp]>([
    ['others can write to', (folder) => chmod(folder, 0o777), /^others can write to /],
    ['cannot be made', (folder) => writeFile(join(folder, 'inband'), ''), /^ENOTDIR/],
  ])('is neither written nor read in a folder that %s', async (_what, prepare, why) => {
    const folder = await mkdtemp(join(scratch.folder, 'refused-'));
    await prepare(folder);
    const before = await readdir(folder);
    const file = await configured(1);
    const config = { ...(await manifestOf(file)), log: { level: 'debug' } };
    await writeFile(file, JSON.stringify(config));
    const child = spawn(process.execPath, args(file), { env: cachingIn(folder), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const said: unknown[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const { msg, why: reason } = JSON.parse(line) as Record<string, unknown>;
      if (msg === 'compiled code is not kept for the next start') said.push(reason);
      if (msg === 'listening') child.kill('SIGTERM');
    }
    expect(await ended).toEqual([0, null]);
    expect(said).toEqual([expect.stringMatching(why)]);
    expect(await readdir(folder)).toEqual(before);
  });
});

describeRequiring({ commands: ['redis-server', 'nats-server'] }, 'the program with everything configured', () => {
  test.each([
    { type: 'redis', workers: 1, start: startRedis },
    { type: 'nats', workers: 2, start: startNats },
  ] as const)(
    'loads no module of ours twice, with the store $type and $workers of its workers',
    async ({ type, workers, start }) => {
      const server = await start();
      try {
        const store = { type, url: `${type}://127.0.0.1:${server.port}`, deadline: '2s' as const };
        const file = await writeEveryFeature(scratch.folder, store, workers);
        const program = join(scratch.place('inband'), 'bin/inband.mjs');
        const until = { sign: '"msg":"listening"', signs: 2 };
        const threads = await loadedByEach(process.execPath, [program, '--config', file], until);
        // Its process, a thread for the admin server and one for the PAC file, and as many workers.
        expect(threads.length).toBeGreaterThan(1 + workers);
        const loaded = new Set(threads.flatMap((files) => files.flatMap(ownModulesIn)).map(({ name }) => name));
        for (const name of ['acme', 'admin', 'auth', 'core', 'pac', 'store', 'tls']) {
          expect(
            Array.from(loaded).some((module) => module.startsWith(`${name}/`)),
            name,
          ).toBe(true);
        }
        expect(loaded).toContain(`store/${type}/${type}-store`);
        for (const files of threads) expect(modulesLoadedTwice(files)).toEqual({});
      } finally {
        await server.remove();
      }
    },
  );
});

describe('a TypeScript project that depends on it', () => {
  test('has types that check', async () => {
    await writeFile(
      join(scratch.folder, 'use.ts'),
      `import { createInband, definePlugin, z, type Inband } from 'inband';
       export const inband: Inband = await createInband({
         listeners: [{ bind: '127.0.0.1:0', service: 'local' }],
         services: { local: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
       });
       export const names = definePlugin<object>({
         provides: 'resolver',
         kind: 'fixed',
         schema: z.strictObject({}),
         create: () => ({ resolve: async () => ({ addresses: [{ family: 'inet' as const, address: '192.0.2.1' }] }) }),
       });
       // @ts-expect-error -- a mode that there is not
       await createInband({ listeners: [], services: { local: { mode: 'sideways' } } });
      `,
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await writeFile(join(scratch.folder, 'package.json'), '{ "type": "module" }');
    const { stdout } = await run(process.execPath, [tsc, ...options, 'use.ts'], { cwd: scratch.folder }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  test('shows what each key of a configuration is for where a program is written', async () => {
    const schema = JSON.parse(
      await readFile(join(scratch.place('inband'), 'schema/inband.schema.json'), 'utf8'),
    ) as JsonSchema;
    const { text, keys } = writeEveryKey(schema);
    const file = join(scratch.folder, 'every-key.ts');
    await writeFile(file, text);
    const options = { module: 'nodenext', strict: true, types: ['node'] };
    await writeFile(
      join(scratch.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['every-key.ts'] }),
    );
    const server = await LanguageServer.start(scratch.folder);
    const uri = await server.open(file);
    const lacking: string[] = [];
    for (const { path, line, character, description } of keys) {
      const shown = (await server.hover(uri, line, character)).replaceAll(/\s+/g, ' ');
      if (description === '' || !shown.includes(description)) lacking.push(`${path}: ${shown}`);
    }
    await server.close();
    expect(keys.length).toBeGreaterThan(100);
    expect(lacking).toEqual([]);
  });
});
