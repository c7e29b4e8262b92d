import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type ProgramEnd, runProgram, startProgram } from '../../../test-support/program.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-operate-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (admin: string, more = ''): string => `
${admin}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
${more}
`;

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

test('reload, status and drain ask the program that runs with a configuration', async () => {
  const admin = `admin: { bind: "unix:${join(folder, 'admin.sock')}" }`;
  const file = await write('runs.yaml', config(admin));
  const program = startProgram(['--config', file]);
  onTestFinished(() => program.kill('SIGKILL'));
  await program.during(Promise.all([program.logged('the admin server listens'), program.logged('listening')]));
  const inband = (command: string, ...more: string[]): Promise<ProgramEnd> =>
    runProgram([command, '--config', file, ...more]);

  await write('runs.yaml', config(admin, 'shutdown: { grace: 20s }'));
  expect(await inband('reload')).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^~ setting shutdown\nreloaded: generation 2; \d+ parts are kept\n$/),
    stderr: '',
  });
  expect(await inband('status')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^ready\nlistening 127\.0\.0\.1:\d+ \(browser\)\ngeneration 2, current since \S+, 0 client connections\n$/,
    ),
  });
  const { stdout } = await inband('status', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ status: 'ready', workers: [{ worker: 0 }], missing: [] });

  const revoke = (more: string[], input?: string): Promise<ProgramEnd> =>
    startProgram(['revoke', '--config', file, ...more], undefined, {}, input).ended;
  const name = `sha256:${createHash('sha256').update('a-token').digest('hex')}`;
  expect(await revoke([], 'a-token\n')).toMatchObject({ status: 0, stdout: `${name}: revoked here\n` });
  expect(await revoke([name, '--undo'])).toMatchObject({ status: 0, stdout: `${name}: no longer revoked here\n` });
  expect(await revoke(['a-token'])).toMatchObject({ status: 1, stderr: expect.stringContaining('on standard input') });

  // Only "admin" of the file counts for whom to ask, so that its errors are those that the program finds.
  await write('runs.yaml', config(admin, 'shutdown: { grase: 20s }'));
  expect(await inband('reload')).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/ refuses: .*\n.*runs\.yaml:\d+:\d+: shutdown\.grase: unknown key .*"grace"\?\n$/),
  });
  expect(await inband('drain')).toMatchObject({
    status: 0,
    stdout: 'draining: what is running has 20 s to finish\n',
  });
  expect(await program.ended).toMatchObject({ status: 0 });
  expect(await inband('status')).toMatchObject({ status: 1, stderr: expect.stringContaining('does not answer') });
});

test('a program that is too busy to say how it is is not taken for one that is not ready', async () => {
  const path = join(folder, 'busy.sock');
  const problem = { status: 503, title: 'The proxy is busy', detail: 'The proxy did not answer within 5 s.' };
  const busy = createServer((_request, response) => {
    response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  });
  await new Promise<void>((listening) => busy.listen(path, listening));
  onTestFinished(() => void busy.close());
  const file = await write('busy.yaml', config(`admin: { bind: "unix:${path}" }`));
  expect(await runProgram(['status', '--config', file])).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('refuses: The proxy is busy'),
  });
});

test('without an admin server they say what to configure, and which signals do the same', async () => {
  const file = await write('none.yaml', config(''));
  const { status, stderr } = await runProgram(['reload', '--config', file]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/has no "admin"\. Add "admin: .*" and restart, or send signals: "systemctl reload inband"/);
});

test('a token comes with the lines for the configuration, which do not have it', async () => {
  const { status, stdout } = await runProgram(['admin', 'token', 'night shift', '--role', 'operate']);
  expect(status).toBe(0);
  expect(parse(stdout)).toEqual({
    admin: { tokens: { 'night shift': { role: 'operate', hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) } } },
  });
  const [token = ''] = /inband_[\w-]{43}/.exec(stdout) ?? [];
  const file = await write(
    'token.yaml',
    config(
      `admin: { bind: "unix:${join(folder, 'token.sock')}", tokens: ${JSON.stringify(parse(stdout).admin.tokens)} }`,
    ),
  );
  const program = startProgram(['--config', file]);
  onTestFinished(() => program.kill('SIGKILL'));
  await program.during(Promise.all([program.logged('the admin server listens'), program.logged('listening')]));
  expect(await runProgram(['status', '--config', file])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('The token is read from the environment variable INBAND_ADMIN_TOKEN.'),
  });
  const empty = startProgram(['status', '--config', file], undefined, { INBAND_ADMIN_TOKEN: '' });
  expect(await empty.ended).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('The environment variable INBAND_ADMIN_TOKEN is set, and empty.'),
  });
  const known = startProgram(['status', '--config', file], undefined, { INBAND_ADMIN_TOKEN: token });
  expect(await known.ended).toMatchObject({ status: 0 });
});
