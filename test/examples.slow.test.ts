import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeRequiring } from './support/requires.ts';

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'docs/examples');
const page = readFileSync(join(folder, 'README.md'), 'utf8');

interface Row {
  readonly file: string;
  readonly command: string;
}

/** The rows of the page's tables: a file, and the command that runs it. */
const rows: readonly Row[] = Array.from(
  page.matchAll(/^\| \[([\w.-]+)\]\([^)]*\) \|.*\| `([^`]+)` \|$/gm),
  ([, file = '', command = '']) => ({ file, command }),
);

/** What each prints, where it is more than that the configuration is right; and its status, where that is not 0. */
const OUTPUT: Readonly<Record<string, readonly [pattern: RegExp, status?: number]>> = {
  'failover.ts': [
    /^both servers: 200 one, 200 two, 200 one, 200 two\nwithout one: {2}200 two, 200 two, 200 two, 200 two\n$/,
  ],
  'pool.ts': [
    /^all are up: {5}(?:200 strong, ){4}200 weak, 200 weak\nwithout strong: (?:200 weak, ){5}200 weak\nwithout both: {3}(?:200 spare, ){5}200 spare\n$/,
  ],
  'firewall.yaml': [/Kiosks reach the partners only\./, 3],
  'login.ts': [/^nobody: 407\nci: {5}200 the registry\nwrong: {2}407\nann: {4}403\n$/],
  'field-rule.ts': [/^the server got: \{"authorization":"Bearer of-the-proxy"\}\nthe client got: null no-store\n$/],
  'embedding.ts': [
    /^a\.example 200 (\w+)\nb\.example 200 (?!\1)(\w+)\na\.example 200 \1\nb\.example 200 \2\nrequests: \{ GET: 4, DELETE: 1 \}\n$/,
  ],
  'transparent.ts': [/^intercepted on its way to 127\.0\.0\.2:80, answered with 200\n200 shop\.example says hello\n$/],
  'diagnostics.ts': [
    /^session \d+: 200, dial [\d.]+ ms, reused false, [^]* reused true, [^]* dial failed [^]*: 502, no dial, /,
  ],
  'tracing.ts': [
    /^200\n502\n {2}connect: connected\n {2}first byte: 200\nGET: 200\n {2}connect: connection_refused\nGET: connection_refused\n$/,
  ],
  'filter.ts': [
    /^nobody: 407\s*\n {2}the parent has me ask for http:\/\/shop\.example\/a\nann: {4}200 hello from the server\nshop: {3}200 goodbye from the server\nloud: {3}200 HELLO FROM THE SERVER\nblock: {2}418 This host is blocked\.\nstatuses: 200 200 418\n$/,
  ],
  'stacking.ts': [/^GET in a tunnel: 200\nDELETE in a tunnel: 403\n$/],
};

interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the page, with the Node.js and the program of this checkout. */
function run(command: string): Promise<Finished> {
  const program = ['apps/proxy/build/start.mjs'];
  const words = command.split(' ');
  const args = command.startsWith('npx inband ') ? [...program, ...words.slice(2)] : words.slice(1);
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) =>
      done({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function runs({ file, command }: Row): Promise<void> {
  const { status, stdout, stderr } = await run(command);
  const [pattern, expected = 0] = OUTPUT[file] ?? [/: ok\n$/];
  expect({ status, stderr }).toEqual({ status: expected, stderr: '' });
  expect(stdout).toMatch(pattern);
}

const usual = rows.filter(({ file }) => file !== 'transparent.ts');

test.each(usual)('the example $file runs by its command and shows what it is about', runs);

describeRequiring(
  { linux: true, networkNamespaces: true, commands: ['ip', 'nft', 'unshare'] },
  'in a namespace',
  () => {
    test.each(rows.filter(({ file }) => file === 'transparent.ts'))('the example $file runs by its command', runs);
  },
);

// A checkout has files that everybody may read, which is warned of for one with a secret.
beforeAll(() => chmodSync(join(folder, 'api-token.txt'), 0o600));

test('every example is on the page', () => {
  const named = Array.from(page.matchAll(/\]\(([\w.-]+)\)/g), ([, file]) => file);
  const files = readdirSync(folder).filter((file) => file !== 'README.md');
  expect(files.filter((file) => !named.includes(file))).toEqual([]);
  expect(rows.length).toBeGreaterThan(8);
});

test.each(rows.filter(({ file }) => OUTPUT[file] !== undefined))(
  '$file names its command in its first lines',
  (row) => {
    const first = readFileSync(join(folder, row.file), 'utf8').split('\n').slice(0, 8);
    expect(first.map((line) => line.replace(/^[#*\s]+/, ''))).toContain(row.command);
  },
);
