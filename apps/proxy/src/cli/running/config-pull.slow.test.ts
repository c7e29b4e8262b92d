import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askAdmin } from '../../../test-support/admin-client.ts';
import { runProgram, startProgram } from '../../../test-support/program.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

test('changes of the admin API are put into the file, whose comments stay, and the program reads it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-pull-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'inband.yaml');
  const socket = `unix:${join(folder, 'admin.sock')}`;
  const text = `# The proxy of the office.
admin: { bind: "${socket}" }
limits: { connections: 10 } # enough
listeners: [{ bind: "127.0.0.1:0", service: web }]
services:
  # What browsers use.
  web: { mode: forward, routes: [{ chainer: { type: inband } }] }
`;
  await writeFile(file, text);
  const program = startProgram(['--config', file]);
  onTestFinished(() => program.kill('SIGKILL'));
  await program.during(Promise.all([program.logged('the admin server listens'), program.logged('listening')]));
  const change = async (patch: object): Promise<void> => {
    const { body } = await askAdmin(socket, ['GET', '/config']);
    const headers = { 'if-match': `"${String(body.hash)}"` };
    expect(await askAdmin(socket, ['PATCH', '/config'], { body: patch, headers })).toMatchObject({ status: 200 });
  };
  const pull = (...id: string[]) => runProgram(['config', 'pull', ...id, '--config', file]);

  expect(await pull()).toMatchObject({ status: 0, stdout: 'There are no changes over the file.\n' });
  await change({ limits: { connections: 77 } });
  await change({ shutdown: { grace: '5s' } });
  expect(await pull('o9')).toMatchObject({ status: 1, stderr: expect.stringContaining('there is no change "o9"') });

  // The file is another one than the program has read.
  await writeFile(file, text.replace('web: { mode: forward', 'web: { http: { via: office }, mode: forward'));
  expect(await pull()).toMatchObject({ status: 1, stderr: expect.stringContaining('reload first') });
  await writeFile(file, text);

  expect(await pull('o1')).toMatchObject({
    status: 0,
    stdout: `o1: written to ${file}, which the program has read.\n`,
  });
  expect(await readFile(file, 'utf8')).toBe(text.replace('connections: 10', 'connections: 77'));
  const after = await askAdmin(socket, ['GET', '/config']);
  expect(after.body).toMatchObject({ effective: { limits: { connections: 77 } }, overlays: [{ id: 'o2' }] });

  expect(await pull()).toMatchObject({ status: 0 });
  const written = await readFile(file, 'utf8');
  expect(written).toContain('# enough');
  expect(written).toContain('# What browsers use.');
  expect(written).toMatch(/shutdown:\n {2}grace: 5s\n/);
  expect((await askAdmin(socket, ['GET', '/config'])).body).toMatchObject({ overlays: [] });
});
