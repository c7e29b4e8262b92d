import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

const knowsNetwork = process.allowedNodeEnvironmentFlags.has('--allow-net');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-permission-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the program under Node's permission model, and gives how it ended and what it said itself. */
async function run(more: string, ...allowed: string[]) {
  const file = join(folder, 'inband.yaml');
  await writeFile(
    file,
    `listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
${more}`,
  );
  const options = ['--no-warnings', '--permission', '--allow-fs-read=*', ...allowed];
  const end = spawnSync(process.execPath, [...options, PROGRAM_FILE, '--config', file], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status: end.status, stdout: end.stdout, stderr: end.stderr };
}

describe('what the permission model of Node.js does not allow is one sentence', () => {
  test.runIf(knowsNetwork).each(['auto', 'node', 'epoll'])('the network: transport %s', async (transport) => {
    const { status, stdout, stderr } = await run(`transport: ${transport}\n`, '--allow-addons');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^\/.*: transport: The permission model of Node\.js .*: start it with --allow-net\.\n$/);
  });

  test.runIf(process.platform === 'linux')('addons, which epoll needs', async () => {
    const { status, stdout, stderr } = await run('transport: epoll\n', ...(knowsNetwork ? ['--allow-net'] : []));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^\/.*: transport: .* \(package koffi\): .*\. Start it with --allow-addons, .*\.\n$/);
  });

  test('processes, which workers need', async () => {
    const { status, stdout, stderr } = await run('workers: 2\n', ...(knowsNetwork ? ['--allow-net'] : []));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^inband: the permission model of Node\.js: .*--allow-child-process.*\n$/);
  });
});
