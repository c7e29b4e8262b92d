import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askAdmin } from '../../test-support/admin-client.ts';
import { openClient } from '../../test-support/keep-alive.ts';
import { startProgram } from '../../test-support/program.ts';
import { PROGRAM_FILE, SOURCES_FILE } from '../../test-support/program-file.ts';

/** Says which library a plugin gets, which is that of the program that loads it. */
const PLUGIN = `
import { definePlugin, z } from 'inband';
process.stderr.write(import.meta.resolve('inband') + '\\n');
export default definePlugin({ provides: 'chainer', kind: 'unused', schema: z.strictObject({}), create: () => undefined });
`;

async function configured(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-checkout-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'where.mjs'), PLUGIN);
  await writeFile(join(folder, 'proxy.pac'), 'function FindProxyForURL() { return "DIRECT"; }');
  const chainer = { type: 'pac', file: 'proxy.pac' };
  const browser = { mode: 'forward', access: [{ allow: { hosts: '*' } }], routes: [{ chainer }] };
  const file = join(folder, 'inband.json');
  await writeFile(
    file,
    JSON.stringify({
      workers: 2,
      plugins: ['./where.mjs'],
      admin: { bind: '127.0.0.1:0' },
      listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
      services: { browser },
    }),
  );
  return file;
}

/** Processes and threads of the program are files of their own, which the sources and the build have in different places. */
test.each([
  ['its sources', SOURCES_FILE, 'apps/proxy/src/index.ts'],
  ['what is built of them', PROGRAM_FILE, 'apps/proxy/dist/index.js'],
])('a checkout runs %s, in workers and threads as well', async (_what, program, library) => {
  const origin = createServer((_request, response) => response.end('from the origin'));
  await new Promise<void>((done) => void origin.listen(0, '127.0.0.1', done));
  onTestFinished(() => void origin.close());
  const running = startProgram(['--config', await configured()], undefined, {}, undefined, program);
  const { address: admin } = await running.logged('the admin server listens');
  const { address } = await running.logged('listening');
  expect(await running.processes()).toHaveLength(3);
  expect((await askAdmin(String(admin), ['GET', '/health/ready'])).body).toMatchObject({ status: 'ready' });
  const { port } = origin.address() as AddressInfo;
  const client = await openClient(Number(String(address).split(':').at(-1)));
  expect(await client.get(`http://127.0.0.1:${port}/`, 'from the origin')).toMatch(/^HTTP\/1\.1 200 /);
  client.destroy();
  running.kill('SIGTERM');
  const { status, stderr } = await running.ended;
  expect(status).toBe(0);
  const libraries = stderr.trim().split('\n');
  expect(libraries.length).toBeGreaterThanOrEqual(2);
  for (const each of libraries) expect(each).toMatch(new RegExp(`^file:///.*/${library}$`));
});
