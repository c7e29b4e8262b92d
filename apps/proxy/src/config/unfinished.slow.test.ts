import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../test-support/program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-unfinished-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const CONFIG = `{
  listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
  services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
}`;
const YAML = `listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`;
/** A plugin whose options are never evaluated. */
const PLUGIN = `
import { definePlugin } from 'inband';
export default definePlugin({
  provides: 'chainer', kind: 'slow', create: () => { throw new Error('never'); },
  schema: { '~standard': { version: 1, vendor: 'test', validate: () => new Promise(() => {}) } },
});`;

interface Case {
  readonly what: string;
  readonly file: () => Promise<string>;
  readonly told: RegExp;
}

const cases: readonly Case[] = [
  {
    what: 'a module of which an await never comes to an end',
    file: () => write('never.mjs', `await new Promise(() => {}); export default ${CONFIG};`),
    told: /never\.mjs: it was not loaded within 10 s: \/.*never\.mjs did not finish; an await in it waits .*\.\n$/,
  },
  {
    what: 'one that keeps itself alive meanwhile',
    file: () => write('alive.mjs', `setInterval(() => {}, 50); await new Promise(() => {}); export default ${CONFIG};`),
    told: /alive\.mjs: it was not loaded within 10 s: /,
  },
  {
    what: 'a plugin that never comes to an end',
    file: async () => {
      await write('plugin.mjs', 'await new Promise(() => {});');
      return write('plugin.yaml', `${YAML}plugins: [./plugin.mjs]\n`);
    },
    told: /plugin\.yaml: it was not loaded within 10 s: \.\/plugin\.mjs did not finish; .*\.\n$/,
  },
  {
    what: 'a check of options that never comes to an end',
    file: async () => {
      await write('options.mjs', PLUGIN);
      return write('options.yaml', `${YAML.replace('type: inband', 'type: slow')}plugins: [./options.mjs]\n`);
    },
    told: /options\.yaml: it was not loaded within 10 s: .*options does not finish\.\n$/,
  },
  {
    what: 'a pipe without a writer in the place of the file',
    file: async () => {
      const path = join(folder, 'pipe.yaml');
      spawnSync('mkfifo', [path]);
      return path;
    },
    told: /pipe\.yaml: it was not loaded within 10 s: a file that it names cannot be read to its end/,
  },
];

describe.concurrent('a configuration that never comes to an end ends the program with 1 and says so', () => {
  test.each(cases)('the cause is $what', { timeout: 60_000 }, async ({ file, told }) => {
    const path = await file();
    const { status, stdout, stderr } = await runProgram(['--config', path]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(told);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('in a worker process, too', { timeout: 60_000 }, async () => {
    const stuck = `if (process.send !== undefined) await new Promise(() => {});`;
    const path = await write('worker.mjs', `${stuck} export default { workers: 2, ...${CONFIG} };`);
    const { status, stderr } = await runProgram(['--config', path]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/worker\.mjs: it was not loaded within 10 s: /);
  });

  test('a check ends though a plugin has left something running', { timeout: 60_000 }, async () => {
    const path = await write('running.mjs', `setInterval(() => {}, 50); export default ${CONFIG};`);
    const { status, stdout } = await runProgram(['check', '--config', path]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${path}: ok\n` });
  });
});
