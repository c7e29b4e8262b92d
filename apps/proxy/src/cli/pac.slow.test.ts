import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../test-support/program.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-pac-'));
});
afterAll(() => rm(folder, { recursive: true }));

const CONFIG = `
listeners: [{ bind: "127.0.0.1:3129", service: web }, { bind: "[::1]:3128", service: browsers }]
zones: { office: { addresses: [192.0.2.0/24] } }
services:
  web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "127.0.0.1:80" } }] }
  browsers: { mode: forward, http: { pacDirect: [office] }, routes: [{ chainer: { type: inband } }] }
`;

test('inband pac prints the file of the forward proxy, and refuses a service that is none', async () => {
  const config = join(folder, 'pac.yaml');
  await writeFile(config, CONFIG);
  const printed = await runProgram(['pac', '--config', config]);
  expect(printed).toMatchObject({ status: 0 });
  expect(printed.stdout).toContain('var proxy = "PROXY [::1]:3128";');
  expect(printed.stdout).toContain('"c0000200","c00002ff"');
  const refused = await runProgram(['pac', '--config', config, '--service', 'web']);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain('the service "web" does not exist or has another mode than forward.');
});
