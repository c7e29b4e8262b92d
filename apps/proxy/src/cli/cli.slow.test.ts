import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram, startProgram } from '../../test-support/program.ts';

const examples = fileURLToPath(new URL('../../../../docs/examples/', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-cli-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const forward = `
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: inband } }] } }
`;

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
}

/** The port in `127.0.0.1:40123`. */
function portOf(line: Record<string, unknown>): number {
  return Number(String(line.address).split(':').at(-1));
}

describe('inband run', () => {
  test('logs the bound address, serves, logs the request, and ends with 0 on SIGTERM', async () => {
    const origin = createServer((_request, response) => response.end('hello'));
    const originPort = await listen(origin);
    const program = startProgram(['run', '--config', await write('run.yaml', forward)]);
    const listening = await program.logged('listening');
    expect(listening).toMatchObject({ service: 'browser', mode: 'forward', level: 'info' });
    const path = `http://127.0.0.1:${originPort}/a?b`;
    const status = await new Promise((resolve, reject) => {
      const options = { port: portOf(listening), host: '127.0.0.1', path, agent: false };
      request(options, (response) => response.resume().on('end', () => resolve(response.statusCode)))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    const line = await program.logged('request');
    expect(line).toMatchObject({
      method: 'GET',
      target: path,
      status: 200,
      bytesOut: 5,
      route: 'services.browser.routes[0]',
      chainer: 'inband',
      server: `127.0.0.1:${originPort}`,
      attempts: [{ server: `127.0.0.1:${originPort}` }],
    });
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
    origin.close();
  });

  test('finishes a response that is running when SIGTERM comes', async () => {
    const arrived = Promise.withResolvers<() => void>();
    const origin = createServer((_request, response) => {
      response.write('first ');
      arrived.resolve(() => response.end('second'));
    });
    const originPort = await listen(origin);
    const program = startProgram(['--config', await write('drain.yaml', forward)]);
    const port = portOf(await program.logged('listening'));
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.setEncoding('latin1');
    const answer = new Promise<string>((resolve) => {
      let received = '';
      socket.on('data', (text) => (received += String(text))).on('close', () => resolve(received));
    });
    socket.write(`GET http://127.0.0.1:${originPort}/ HTTP/1.1\r\nHost: 127.0.0.1:${originPort}\r\n\r\n`);
    const finish = await program.during(arrived.promise);
    program.kill('SIGTERM');
    await program.logged('stopping');
    finish();
    expect(await answer).toMatch(/first [^]*second/);
    expect(await program.ended).toMatchObject({ status: 0 });
    origin.close();
  });

  test('ends at once with 1 on a second signal', async () => {
    const origin = createServer().on('connect', (_request, socket) => socket.resume());
    const originPort = await listen(origin);
    const program = startProgram(['--config', await write('twice.yaml', forward)]);
    const socket = connect(portOf(await program.logged('listening')), '127.0.0.1').on('error', () => {});
    const target = `127.0.0.1:${originPort}`;
    const established = new Promise((resolve) => socket.once('data', resolve));
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    await program.during(established);
    program.kill('SIGTERM');
    await program.logged('stopping');
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 1 });
    socket.destroy();
    origin.close();
    origin.closeAllConnections();
  });

  test('ends with 1, and says why, on a defect', async () => {
    await write(
      'broken.mjs',
      `import { AbstractChainer, definePlugin, z } from 'inband';
       import { existsSync } from 'node:fs';
       const now = new URL('now', import.meta.url);
       setInterval(() => { if (existsSync(now)) throw new Error('a plugin is broken'); }, 10);
       class Broken extends AbstractChainer { kind = 'broken' }
       export default definePlugin({
         provides: 'chainer', kind: 'broken', schema: z.strictObject({}),
         create: (_options, deps) => new Broken(deps.establishConnection),
       });`,
    );
    const file = await write('broken.yaml', `plugins: [./broken.mjs]\n${forward}`);
    const program = startProgram(['--config', file]);
    await program.logged('listening');
    await write('now', '');
    expect(await program.logged('defect')).toMatchObject({ level: 'error' });
    expect(await program.ended).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('inband: defect: Error: a plugin is broken'),
    });
  });

  test('ends with 1 and one readable message when an address is taken', async () => {
    const taken = createServer();
    const port = await listen(taken);
    const file = await write('taken.yaml', forward.replace(':0"', `:${port}"`));
    const { status, stdout, stderr } = await runProgram(['--config', file]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^\/.*taken\.yaml:2:21: listeners\[0\]\.bind: .*127\.0\.0\.1:\d+.*\n$/);
    taken.close();
  });

  test('ends with 1 and every problem of the configuration', async () => {
    const { status, stderr } = await runProgram(['-c', await write('wrong.yaml', 'workers: no\nservces: {}\n')]);
    expect(status).toBe(1);
    expect(stderr).toContain(
      'wrong.yaml:1:10: workers: expected a number of processes from 1 to 512, or "auto", found',
    );
    expect(stderr).toContain('wrong.yaml:2:1: servces: unknown key "servces"; did you mean "services"?');
  });
});

describe('inband check', () => {
  test.each(['inband.yaml', 'inband.json', 'inband.config.ts', 'zones.yaml', 'firewall.yaml'])(
    'accepts the example %s',
    async (name) => {
      const { status, stdout, stderr } = await runProgram(['check', '--config', name], examples);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${name}: ok\n`, stderr: '' });
    },
  );

  test('with --plan says what the configuration makes, so that two plans show what a change touches', async () => {
    const planOf = async (name: string, text: string): Promise<string[]> => {
      const file = await write(name, text);
      const { status, stdout } = await runProgram(['check', '--plan', '--config', file]);
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`\\n${file}: ok\\n$`));
      return stdout.split('\n').slice(0, -2);
    };
    const before = await planOf('plan.yaml', forward);
    expect(before).toContainEqual(
      expect.stringMatching(/^[0-9a-f]{12} {2}chainer +services\.browser\.routes\[0\]\.chainer$/),
    );
    expect(await planOf('plan-with-a-remark.yaml', `# The same.\n${forward}`)).toEqual(before);
    const after = await planOf('plan-changed.yaml', forward.replace('connectPorts: any', 'connectPorts: [443]'));
    expect(after.filter((line) => !before.includes(line))).toEqual([
      expect.stringMatching(/ proxy +services\.browser$/),
      expect.stringMatching(/ listener +listeners\[0\]$/),
    ]);
  });

  test('reads the files of zones, and warns of what several zones claim', async () => {
    await write('first.txt', '10.0.0.0/8\n# and\nfd00::/16\n');
    await write('second.txt', 'fd00::/16\r\n11.0.0.0/8\r\n');
    const file = await write('files.yaml', `zones: { a: { file: first.txt }, b: { file: [second.txt] } }\n${forward}`);
    expect(await runProgram(['check', '--config', file])).toMatchObject({
      status: 0,
      stderr: 'warning: 1 network belongs to several zones; the first zone has them: "b" loses to "a".\n',
    });
    await write('second.txt', 'fd00::/16\n11.0.0.0/8 12.0.0.0/8\n');
    expect(await runProgram(['check', '--config', file])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/files\.yaml:1:\d+: zones\.b\.file\[0\]: second\.txt:2: /),
    });
  });

  test('warns of users and groups that this machine does not have', async () => {
    const file = await write(
      'account.yaml',
      forward.replace(/bind: [^,]*,/, "bind: 'unix:/tmp/inband-check.sock', user: nobody-has-this-name,"),
    );
    expect(await runProgram(['check', '--config', file])).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/listeners\[0\]\.user: warning: there is no user "nobody-has-this-name" on this/),
    });
  });

  test('finds a certificate of the admin server that is not there', async () => {
    const file = await write(
      'no-certificate.yaml',
      `${forward}\nadmin: { bind: ':9901', tls: { cert: no.pem, key: no.key }, oidc: { issuer: 'https://id.example', audience: a, roles: { a: read } } }\n`,
    );
    expect(await runProgram(['check', '--config', file])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no-certificate\.yaml:\d+:\d+: admin\.tls\.cert: .*ENOENT/),
    });
  });

  test('accepts that there is no file', async () => {
    expect(await runProgram(['check'])).toMatchObject({ status: 0, stdout: 'the default configuration: ok\n' });
  });

  test('finds a plugin package from the folder of the configuration', async () => {
    const home = join(folder, 'node_modules/inband-plugin-nowhere');
    await mkdir(home, { recursive: true });
    const exports = { '.': { import: './index.js' } };
    await writeFile(
      join(home, 'package.json'),
      JSON.stringify({ name: 'inband-plugin-nowhere', type: 'module', exports }),
    );
    await writeFile(
      join(home, 'index.js'),
      `import { AbstractChainer, definePlugin, z } from 'inband';
       class Nowhere extends AbstractChainer { kind = 'nowhere' }
       export const nowhere = definePlugin({
         provides: 'chainer', kind: 'nowhere', schema: z.strictObject({}),
         create: (_options, deps) => new Nowhere(deps.establishConnection),
       });`,
    );
    const file = await write(
      'plugin.yaml',
      `plugins: [inband-plugin-nowhere]\n${forward.replace('inband }', 'nowhere }')}`,
    );
    expect(await runProgram(['check', '--config', file])).toMatchObject({ status: 0, stderr: '' });
    const explained = await runProgram(['explain', '--config', file, 'http://127.0.0.1:9/']);
    expect(explained).toMatchObject({ status: 3 });
    expect(explained.stdout).toContain('The chainer "nowhere" does not implement connectServer.');
  });

  test.each([
    ['not-there.yaml', /not-there\.yaml: the file cannot be read: ENOENT/],
    ['inband.toml', /inband\.toml: the name of a configuration ends in one of \.yaml, /],
    ['not-there.ts', /not-there\.ts: the module cannot be loaded: /],
  ])('says why it cannot use %s', async (name, message) => {
    const { status, stderr } = await runProgram(['check', '--config', join(folder, name)]);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });

  test('says that a module has no default export', async () => {
    const { stderr } = await runProgram(['check', '-c', await write('nothing.mjs', 'export const a = 1;')]);
    expect(stderr).toContain('nothing.mjs: expected a default export');
  });
});

describe('inband explain', () => {
  test('prints the verdict and exits with 0 or 3', async () => {
    const file = join(examples, 'inband.yaml');
    const denied = await runProgram(['explain', '-c', file, '--client', '10.0.0.1', 'http://a.intranet.example/']);
    expect(denied.status).toBe(3);
    expect(denied.stdout).toContain('reason:  The DMZ is for operators.');
    const allowed = await runProgram(['explain', '-c', file, '--json', 'GET', 'http://a.intranet.example/']);
    expect(allowed.status).toBe(0);
    expect(JSON.parse(allowed.stdout)).toMatchObject({ verdict: 'allow', chainer: 'directed' });
  });

  test('takes https:// for a tunnel, as a browser does', async () => {
    const { status, stdout } = await runProgram(['explain', '--json', 'https://127.0.0.1/']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ servers: [{ address: '127.0.0.1:443' }] });
  });

  test('refuses a listener that does not exist', async () => {
    const { status, stderr } = await runProgram(['explain', '--listener', '127.0.0.1:1', 'http://a.example/']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'inband: no listener binds 127.0.0.1:1; there are 127.0.0.1:3128.\n',
    });
  });
});

test('inband --version and --help print what is asked for, and end with 0', async () => {
  expect(await runProgram(['--version'])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  expect(await runProgram(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: inband') });
});
