import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeAuthority } from '../../packages/tls/test-support/certificates.ts';
import { programCommand } from '../e2e/program.ts';
import { describeRequiring, PYTHON } from '../support/requires.ts';
import { documented } from './documented.ts';
import type { Attempt, Outcome } from './egress-attempts.ts';
import { LAB_NEEDS } from './lab.ts';
import { type Finished, Namespace } from './namespace.ts';

const run = promisify(execFile);
const SERVERS = fileURLToPath(new URL('egress-servers.ts', import.meta.url));
const SENDER = fileURLToPath(new URL('egress-attempts.ts', import.meta.url));
/** Milliseconds for a program that others wrote. */
const PATIENCE = 60_000;

const ADDRESSES = [10, 11, 12, 13, 14, 66].map((last) => `93.184.215.${last}`);
const HOSTS = `
127.0.0.1 localhost
93.184.215.10 registry.npmjs.org
93.184.215.11 pypi.org
93.184.215.12 files.pythonhosted.org
93.184.215.13 github.com
93.184.215.14 api.example
93.184.215.66 evil.example
10.0.0.5 codeload.github.com
169.254.169.254 objects.githubusercontent.com
`;
const NAMES = ['registry.npmjs.org', 'pypi.org', 'files.pythonhosted.org', 'github.com', 'api.example', 'evil.example'];
const SECRET = 'tok-0815-of-the-edge';
const TOKENS = { ci: randomBytes(33).toString('base64url'), agent: randomBytes(33).toString('base64url') };

const documentedText = readFileSync(new URL('../../docs/egress.md', import.meta.url), 'utf8');

type LogLine = Readonly<Record<string, unknown>>;

interface Written {
  readonly user?: keyof typeof TOKENS | 'nobody';
  readonly host?: string;
  readonly more?: string;
}

const needs = {
  ...LAB_NEEDS,
  commands: [...(LAB_NEEDS.commands ?? []), 'git', 'mount', 'npm', 'tar'],
  pythonModules: ['pip'],
};

/** The configuration of docs/egress.md as it stands there, in a namespace in which its addresses and names exist. */
describeRequiring(needs, 'an egress firewall', () => {
  let namespace: Namespace;
  let folder: string;
  const children: ChildProcess[] = [];
  const said: LogLine[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-egress-'));
    namespace = await Namespace.create('egress');
    const addresses = [...ADDRESSES, '10.0.0.1', '10.0.0.5', '169.254.169.254'];
    await namespace.ip(['link set lo up', ...addresses.map((one) => `addr add ${one}/32 dev lo`)].join('\n'));
    await Promise.all([writeConfiguration(), writeServed()]);
    start([process.execPath, SERVERS, folder], (line) => void said.push(line));
    start([...withHosts(), ...programCommand, '--config', join(folder, 'egress.yaml')], () => undefined, {
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    });
    const ready = async (): Promise<void> => {
      expect(said).toContainEqual({ ready: true });
      expect(await log()).toContainEqual(expect.objectContaining({ msg: 'listening' }));
    };
    await vi.waitFor(ready, { timeout: 30_000, interval: 50 });
  }, PATIENCE);

  afterAll(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await namespace?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const write = async (name: string, text: string): Promise<void> => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  };

  async function writeConfiguration(): Promise<void> {
    const authority = makeAuthority();
    const { chain, key } = authority.issue({ names: NAMES });
    const hashed = Object.entries(TOKENS).map(([name, token]) => {
      return `${name}:sha256:${createHash('sha256').update(token).digest('hex')}\n`;
    });
    await write('egress.yaml', documented('egress.md', 'The configuration', 'yaml'));
    await write('names-of-jobs.txt', documented('egress.md', 'The configuration', 'text'));
    await write('tokens.txt', hashed.join(''));
    await write('api-token.txt', `${SECRET}\n`);
    await write('ca.pem', authority.cert);
    await write('cert.pem', chain);
    await write('key.pem', key);
    await write('hosts', HOSTS);
    await write('nsswitch.conf', 'hosts: files\n');
  }

  /** A package for npm, one for pip, and a repository. */
  async function writeServed(): Promise<void> {
    await write('package/package.json', JSON.stringify({ name: 'left', version: '1.0.0', main: 'left.js' }));
    await write('package/left.js', 'module.exports = "left";\n');
    const tarball = join(folder, 'registry.npmjs.org/left/-/left-1.0.0.tgz');
    await mkdir(join(tarball, '..'), { recursive: true });
    await run('tar', ['-C', folder, '-czf', tarball, 'package']);
    const integrity = `sha512-${createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64')}`;
    const dist = { tarball: 'https://registry.npmjs.org/left/-/left-1.0.0.tgz', integrity };
    const versions = { '1.0.0': { name: 'left', version: '1.0.0', main: 'left.js', dist } };
    await write(
      'registry.npmjs.org/left.json',
      JSON.stringify({ name: 'left', 'dist-tags': { latest: '1.0.0' }, versions }),
    );

    await write(
      'pypi.org/simple/tiny/index.html',
      '<a href="https://files.pythonhosted.org/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>',
    );
    await write('wheel/tiny.py', 'ANSWER = 42\n');
    await write('wheel/tiny-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n');
    await write(
      'wheel/tiny-1.0.dist-info/WHEEL',
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    );
    await write(
      'wheel/tiny-1.0.dist-info/RECORD',
      'tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n',
    );
    await mkdir(join(folder, 'files.pythonhosted.org'));
    const wheel = join(folder, 'files.pythonhosted.org/tiny-1.0-py3-none-any.whl');
    await run(PYTHON, ['-m', 'zipfile', '-c', wheel, 'tiny.py', 'tiny-1.0.dist-info'], { cwd: join(folder, 'wheel') });

    await write('tool/README', 'A tool.\n');
    const bare = join(folder, 'github.com/acme/tool.git');
    const git = (...parameters: string[]): Promise<unknown> =>
      run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example', ...parameters], { cwd: join(folder, 'tool') });
    await git('init', '--quiet');
    await git('add', 'README');
    await git('commit', '--quiet', '-m', 'First');
    await git('clone', '--quiet', '--bare', '.', bare);
    // For a server that knows nothing of git.
    await run('git', ['update-server-info'], { cwd: bare });
  }

  /** Runs what follows with the names of the test, which only it sees. */
  function withHosts(): string[] {
    const mounts = ['hosts', 'nsswitch.conf'].map((name) => `mount --bind ${join(folder, name)} /etc/${name}`);
    return ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'];
  }

  /** Starts a program in the namespace, which ends with the tests. */
  function start(command: readonly string[], heard: (line: LogLine) => void, env = {}): void {
    const [program = '', ...parameters] = namespace.inside(...command);
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    children.push(child);
    createInterface({ input: child.stdout }).on('line', (line) => heard(JSON.parse(line) as LogLine));
  }

  async function log(): Promise<LogLine[]> {
    const text = await readFile(join(folder, 'egress.log'), 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]));
  }

  const proxyOf = (user: keyof typeof TOKENS): string => `http://${user}:${TOKENS[user]}@10.0.0.1:3128`;

  /** A command of a workload, which knows the proxy and the authority of the test, and no names. */
  function work(user: keyof typeof TOKENS, command: readonly string[]): Promise<Finished> {
    const proxy = proxyOf(user);
    const ca = join(folder, 'ca.pem');
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: join(folder, 'home'),
      HTTPS_PROXY: proxy,
      https_proxy: proxy,
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      npm_config_cafile: ca,
      PIP_CERT: ca,
      GIT_SSL_CAINFO: ca,
      GIT_CONFIG_NOSYSTEM: '1',
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_NO_CACHE_DIR: '1',
      PIP_ROOT_USER_ACTION: 'ignore',
      npm_config_update_notifier: 'false',
    };
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return namespace.execute(['env', '-i', '-C', join(folder, 'job'), ...set, ...command], '', PATIENCE);
  }

  test(
    'a build job installs by npm and pip and clones by git',
    async () => {
      // Where the test is tried once more, what the first attempt has left is no job of its own.
      await rm(join(folder, 'job'), { recursive: true, force: true });
      await mkdir(join(folder, 'job'));
      await write('job/package.json', '{}');
      const jobs = await Promise.all([
        work('ci', ['npm', 'install', '--no-audit', '--no-fund', '--fetch-retries=0', 'left']),
        work('ci', [PYTHON, '-m', 'pip', 'install', '--quiet', '--retries=0', '--target', 'python', 'tiny']),
        work('ci', ['git', 'clone', '--quiet', 'https://github.com/acme/tool.git']),
      ]);
      expect(jobs.map(({ status, stderr }) => (status === 0 ? 'done' : stderr))).toEqual(['done', 'done', 'done']);
      expect(await readFile(join(folder, 'job/node_modules/left/left.js'), 'utf8')).toContain('left');
      expect(await readFile(join(folder, 'job/python/tiny.py'), 'utf8')).toContain('42');
      expect(await readFile(join(folder, 'job/tool/README'), 'utf8')).toBe('A tool.\n');
      await vi.waitFor(
        async () => {
          // A program that ends may reset its connection, with what it has not read: then the tunnel is one that was let through, and aborted.
          const tunnels = (await log()).filter(({ msg, service, verdict }) => {
            return msg === 'tunnel' && service === 'out' && (verdict === 'accepted' || verdict === 'aborted');
          });
          const targets = new Set(tunnels.map(({ target }) => target));
          expect(targets).toEqual(new Set(NAMES.slice(0, 4).map((name) => `${name}:443`)));
          for (const line of tunnels) expect(line).toMatchObject({ user: 'ci', rule: 'services.out.access[2]' });
        },
        { timeout: 45_000 },
      );
    },
    2 * PATIENCE,
  );

  const loginOf = (user: keyof typeof TOKENS): string => `Proxy-Authorization: Bearer ${TOKENS[user]}\r\n`;

  function head(line: string, { user = 'ci', host = '', more = '' }: Written = {}): string {
    const target = line.split(' ')[1] ?? '';
    const named = host === '' ? (/^https?:\/\/([^/]+)/.exec(target)?.[1] ?? target) : host;
    const login = user === 'nobody' ? '' : loginOf(user);
    return `${line} HTTP/1.1\r\nHost: ${named}\r\n${login}${more}Connection: ${more === '' ? 'close' : 'Upgrade'}\r\n\r\n`;
  }

  async function attempt(attempts: readonly Attempt[]): Promise<Outcome[]> {
    const command = [process.execPath, SENDER];
    const { stdout, stderr } = await namespace.execute(command, JSON.stringify(attempts), PATIENCE);
    expect(stderr).toBe('');
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Outcome);
  }

  const NPM = 'CONNECT registry.npmjs.org:443';
  const ATTEMPTS: readonly Attempt[] = [
    { name: 'no token', head: head(NPM, { user: 'nobody' }) },
    { name: "another workload's names", head: head(NPM, { user: 'agent' }) },
    { name: 'another name', head: head('CONNECT evil.example:443') },
    { name: 'another port', head: head('CONNECT registry.npmjs.org:22') },
    { name: 'in the clear', head: head('GET http://registry.npmjs.org/') },
    { name: 'an address', head: head('CONNECT 93.184.215.10:443') },
    { name: 'an address in disguise', head: head('CONNECT [::ffff:93.184.215.66]:443') },
    { name: 'cloud metadata', head: head('GET http://169.254.169.254/latest/meta-data/') },
    { name: 'a name of cloud metadata', head: head('CONNECT objects.githubusercontent.com:443') },
    { name: 'a name of an inner address', head: head('CONNECT codeload.github.com:443') },
    {
      name: '`Host` against the target',
      head: head('GET http://evil.example/', { user: 'agent', host: 'api.example' }),
    },
    { name: '`Host` against a tunnel', head: head('CONNECT evil.example:443', { host: 'registry.npmjs.org' }) },
    {
      name: 'an allowed name at another address',
      head: head('CONNECT 93.184.215.66:443', { host: 'registry.npmjs.org' }),
    },
    {
      name: 'another protocol',
      head: head('GET http://api.example/', {
        user: 'agent',
        more: 'Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      }),
    },
    { name: 'around the edge', head: head('CONNECT api.example:443', { user: 'agent' }) },
    { name: 'another method', head: head('DELETE http://api.example/', { user: 'agent' }) },
    { name: 'domain fronting', head: head(NPM), hello: 'evil.example' },
    { name: 'no TLS', head: head(NPM), bytes: 'SSH-2.0-x\r\n' },
  ];

  /** The rows of the table: attempts, and the rules that refuse them. */
  const documentedRules = (): Map<string, string> => {
    const [, table = ''] = documentedText.split('\n## What is refused\n');
    const rows = table.trimStart().split('\n\n')[0]?.split('\n').slice(2) ?? [];
    return new Map(
      rows.map((row) => {
        const [, name = '', , rule = ''] = row.split('|').map((cell) => cell.trim());
        return [name, rule.replaceAll('`', '')];
      }),
    );
  };

  test(
    'each known way out is refused by the rule that the page names, in the log',
    async () => {
      const before = (await log()).length;
      const outcomes = await attempt(ATTEMPTS);
      const refused = outcomes.filter(({ answer }) => !/^HTTP\/1\.1 40[37] /.test(answer));
      expect(refused.map(({ name, answer, behind }) => [name, answer.split('\r\n')[0], behind])).toEqual([
        ['domain fronting', 'HTTP/1.1 200 Connection established', ''],
        ['no TLS', 'HTTP/1.1 200 Connection established', ''],
      ]);
      let lines: LogLine[] = [];
      await vi.waitFor(
        async () => {
          const all = (await log()).slice(before);
          lines = all.filter(
            ({ service, verdict }) => service === 'only-tls' || (service === 'out' && verdict !== 'accepted'),
          );
          expect(lines.length).toBeGreaterThanOrEqual(ATTEMPTS.length);
        },
        { timeout: 15_000 },
      );
      const found = ATTEMPTS.map(({ name }, index) => [name, lines[index]?.rule]);
      expect(found).toEqual([...documentedRules()]);
      expect(said.filter((line) => 'reached' in line)).toEqual([]);
    },
    PATIENCE,
  );

  test('an agent asks in the clear, the API gets the login, and nobody else hears of it', async () => {
    const [plain, disguised] = await attempt([
      { name: 'edge', head: head('GET http://api.example/v1', { user: 'agent' }) },
      { name: 'Host', head: head('GET http://api.example/v2', { user: 'agent', host: 'evil.example' }) },
    ]);
    expect(plain?.answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(plain?.answer).toContain('\r\nlocation: http://api.example/next\r\n');
    expect(disguised?.answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const authorization = `Bearer ${SECRET}`;
    expect(said).toEqual(
      expect.arrayContaining([
        { asked: 'GET api.example /v1', authorization },
        { asked: 'GET api.example /v2', authorization },
      ]),
    );
    await vi.waitFor(
      async () =>
        expect(await log()).toContainEqual(expect.objectContaining({ target: 'http://api.example/v2', user: 'agent' })),
      { timeout: 15_000 },
    );
    const everything = await readFile(join(folder, 'egress.log'), 'utf8');
    for (const secret of [SECRET, ...Object.values(TOKENS)]) expect(everything).not.toContain(secret);
  });

  test('explain says in a review what the rules say', async () => {
    const commands = documented('egress.md', 'In a review', 'sh')
      .split('\n')
      .filter((line) => line.startsWith('npx inband explain'));
    const verdicts = await Promise.all(
      commands.map(async (line) => {
        const inside = [...withHosts(), 'sh', '-c', line.replace('npx inband', '"$@"'), 'sh', ...programCommand];
        const { stdout, stderr } = await namespace.execute(['env', '-C', folder, ...inside], '', PATIENCE);
        const fact = (name: string): string | undefined => new RegExp(`^${name}: +(.*)$`, 'm').exec(stdout)?.[1];
        return [fact('verdict') ?? stderr, fact('rule'), fact('route')];
      }),
    );
    expect(verdicts).toEqual([
      ['allow', 'services.out.access[2]', 'services.out.routes[1]'],
      ['deny', 'services.out.access[4]', 'none'],
      ['allow', 'services.out.access[3]', 'services.out.routes[0]'],
    ]);
  });
});
