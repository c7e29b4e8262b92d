import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runProgram, startProgram } from '../../test-support/program.ts';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

const hasScript = spawnSync('script', ['--version']).status === 0;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-first-'));
});

afterAll(() => rm(folder, { recursive: true }));

function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent: false }, (response) =>
      response.resume().on('end', () => resolve(response.statusCode)),
    )
      .on('error', reject)
      .end();
  });
}

describe('a proxy without a file', () => {
  test('forwards, on the port of the environment', async () => {
    const program = startProgram(['forward', '--log', 'json'], folder, { PORT: '0' });
    const { address, mode } = await program.logged('listening');
    expect(mode).toBe('forward');
    // A port that nobody listens on: it is the proxy that answers.
    expect(await statusOf(Number(String(address).split(':').at(-1)), 'http://127.0.0.1:9/')).toBe(502);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('stands in front of a server', async () => {
    const origin = createServer((_request, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve));
    const server = origin.address();
    const program = startProgram(['reverse', '0', `127.0.0.1:${typeof server === 'object' ? server?.port : ''}`]);
    const { address, mode } = await program.logged('listening');
    expect(mode).toBe('reverse');
    expect(await statusOf(Number(String(address).split(':').at(-1)), '/')).toBe(204);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
    origin.close();
  });

  test.each([
    ['that an argument names', (parent: string) => ['--parent', `http://ann:pw@${parent}`], () => ({})],
    [
      'that the environment names',
      () => ['--parent', 'env'],
      (parent: string) => ({ http_proxy: `http://ann:pw@${parent}`, HTTP_PROXY: 'http://127.0.0.1:9' }),
    ],
  ])('goes out by the proxy %s', async (_what, options, environment) => {
    const asked: string[] = [];
    const parent = createServer(({ url = '', headers }, response) => {
      asked.push(`${url} ${headers['proxy-authorization']}`);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => void parent.listen(0, '127.0.0.1', resolve));
    const server = parent.address();
    const at = `127.0.0.1:${typeof server === 'object' ? server?.port : ''}`;
    const program = startProgram(['forward', '0', ...options(at)], folder, environment(at));
    const { address } = await program.logged('listening');
    expect(await statusOf(Number(String(address).split(':').at(-1)), 'http://shop.example/a')).toBe(204);
    expect(asked).toEqual([`http://shop.example/a Basic ${btoa('ann:pw')}`]);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
    parent.close();
  });

  test('keeps its configuration on SIGHUP, since there is no file to read', async () => {
    const program = startProgram(['forward', '0', '--log', 'json'], folder);
    await program.logged('listening');
    program.kill('SIGHUP');
    expect(await program.logged('the reload was refused; nothing has changed')).toMatchObject({
      detail: 'the command line: the configuration came by the command line; restart, or name a file.',
    });
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
  });

  test('prints a configuration that check accepts', async () => {
    const { status, stdout } = await runProgram([
      'reverse',
      ':8080',
      'a.example:80',
      '--allow',
      '10.0.0.0/8',
      '--print',
    ]);
    expect(status).toBe(0);
    const checked = startProgram(['check', '--config', '-'], folder, {}, stdout);
    expect(await checked.ended).toEqual({ status: 0, stdout: '-: ok\n', stderr: '' });
  });

  test('says what is wrong with a server', async () => {
    expect(await runProgram(['reverse', ':8080', 'ftp://a.example/', '--print'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^the command line: services\.web\.routes\[0\]\.chainer\.remote: /),
    });
  });
});

describe('inband init', () => {
  beforeEach(async () => {
    for (const name of ['inband.yaml', 'asked.yaml', 'kept.yaml']) await rm(join(folder, name), { force: true });
  });

  test('without a terminal writes what options say, and never over a file', async () => {
    const init = ['init', '--mode', 'reverse', '--to', '10.0.0.1:80', '--listen', ':8080'];
    expect(await runProgram(init, folder)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('inband --config inband.yaml'),
      stderr: '',
    });
    const text = await readFile(join(folder, 'inband.yaml'), 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=\S+\/schema\/inband\.schema\.json\n/);
    const [, schema = ''] = /\$schema=(\S+)/.exec(text) ?? [];
    expect(JSON.parse(await readFile(schema, 'utf8'))).toHaveProperty('title');
    expect(await runProgram(['check', '-c', 'inband.yaml'], folder)).toMatchObject({ status: 0, stderr: '' });
    expect(await runProgram(init, folder)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('inband.yaml exists already, and is left as it is'),
    });
    expect(await readFile(join(folder, 'inband.yaml'), 'utf8')).toBe(text);
  });

  test.each([
    [['init', '--mode', 'reverse'], 'a reverse proxy needs a server'],
    [['init', 'a.toml'], 'init writes YAML'],
    [['init', 'b.yaml', '--allow', 'everybody!'], 'services.clients.access[0].allow.clients'],
  ])('writes nothing for the arguments %j', async (argv, message) => {
    expect(await runProgram(argv, folder)).toMatchObject({ status: 1, stderr: expect.stringContaining(message) });
  });

  test.skipIf(!hasScript)('on a terminal asks four questions, and again after a wrong answer', async () => {
    const output = await onTerminal(
      ['init'],
      'both\nreverse\nnowhere\n:8081\nftp://a/\n10.0.0.1:80 10.0.0.2:80\nasked.yaml\n',
    );
    expect(output).toContain('One of the two, please.');
    expect(output).toContain('an address to listen on is written');
    expect(output).toContain('[127.0.0.1:8080]');
    expect(output).toContain('asked.yaml is written.');
    const text = await readFile(join(folder, 'asked.yaml'), 'utf8');
    expect(text).toContain('bind: :8081');
    expect(text).toContain('type: pool');
  });

  test.skipIf(!hasScript)('asks only what no option says, and writes nothing when the answers end', async () => {
    const argv = ['init', 'kept.yaml', '--mode', 'forward', '--listen', '3129'];
    const output = await onTerminal(argv, '');
    expect(output).toContain('Who may use it?');
    expect(output).toContain('nothing is written.');
    await expect(readFile(join(folder, 'kept.yaml'))).rejects.toThrow('ENOENT');
    expect(await onTerminal(argv, '\n')).toContain('kept.yaml is written.');
  });
});

/** Runs the program on a pseudo-terminal on which `typed` is typed. Resolves with what it showed. */
function onTerminal(argv: readonly string[], typed: string): Promise<string> {
  const command = [process.execPath, PROGRAM_FILE, ...argv].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  // Typed when it asks, because a terminal that is not read yet echoes and edits by itself.
  let isTyped = false;
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    if (isTyped || !output.includes('?')) return;
    isTyped = true;
    child.stdin.end(typed);
  });
  return new Promise((resolve) => void child.on('close', () => resolve(output)));
}

describe('inband completions', () => {
  let script: string;

  beforeAll(async () => {
    script = join(folder, 'completions.bash');
    await writeFile(script, (await runProgram(['completions', 'bash'])).stdout);
  });

  test.each([
    [['inband', 'ex'], 'explain'],
    [['inband', 'check', '--'], '--config --json --plan --version --help'],
    [['inband', 'check', '--config=a', '--pl'], '--plan'],
    [['inband', '--conf'], '--config'],
    [['inband', 'completions', 'z'], 'zsh'],
    [['inband', 'init', '--mode', 'r'], 'reverse'],
    [['inband', 'forward', '--allow', '1'], ''],
  ])('bash completes %j', async (words, expected) => {
    const typed = words.map((word) => `'${word}'`).join(' ');
    const commands = `source '${script}'; COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _inband; echo "\${COMPREPLY[*]}"`;
    const answer = await outputOf('bash', ['--norc', '-euc', commands]);
    expect(answer.trim().split(' ').toSorted()).toEqual(expected.split(' ').toSorted());
  });
});

function outputOf(command: string, argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...argv], (error, stdout) =>
      error ? reject(new Error(stdout, { cause: error })) : resolve(stdout),
    );
  });
}
