import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig, loadPatched, readAgain, readUnder } from '../load-config.ts';
import type { PushedFiles } from './config-files.ts';
import { filesToPush } from './files-to-push.ts';
import { readConfigFile } from './read-source.ts';

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-pushed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const SERVICE = 'services: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }';
const OWN = `workers: 3
log: { level: warn }
listeners: [{ bind: 127.0.0.1:1, service: own }]
services: { own: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`;

/** What is pushed of these files. */
async function pushedOf(files: Readonly<Record<string, string>>, main: string): Promise<PushedFiles> {
  const source = await readConfigFile(join(await folderWith(files), main));
  const found = filesToPush(source);
  if (found === undefined) throw new Error('It has no files.');
  return { name: 'version 17', ...found };
}

test('a member has its own sections from its own file, and everything else as it was pushed', async () => {
  const pushed = await pushedOf(
    { 'p.yaml': `workers: 9\nlisteners: [{ bind: 127.0.0.1:2, service: web }]\n${SERVICE}\n` },
    'p.yaml',
  );
  const own = join(await folderWith({ 'inband.yaml': OWN }), 'inband.yaml');
  const source = await readUnder({ file: own }, pushed);
  const [{ config }] = await loadPatched(source, []);
  expect([config.workers, config.log.level, Object.keys(config.services)]).toEqual([3, 'warn', ['web']]);
  expect(config.listeners.map(({ bind }) => bind)).toMatchObject([{ port: 2 }]);
});

test.each([
  ['of its own file', 'acme: { directory: https://ca.example/d, state: ./mine }\n', 'mine'],
  ['in its own cluster.state', 'cluster: { state: ./here }\nstore: { type: memory }\n', 'here/acme'],
])('the folder of ACME is that %s, whatever is pushed', async (_where, more, state) => {
  const acme = 'acme: { directory: "https://ca.example/d", state: /theirs, hosts: [a.example], challenge: http-01 }';
  const listeners = 'listeners: [{ bind: 127.0.0.1:2, service: web }]';
  const web = 'services: { web: { mode: reverse, routes: [{ chainer: { type: inband } }] } }';
  const pushed = await pushedOf({ 'p.yaml': `${acme}\n${listeners}\n${web}\n` }, 'p.yaml');
  const own = join(await folderWith({ 'inband.yaml': OWN + more }), 'inband.yaml');
  const source = await readUnder({ file: own }, pushed);
  const [{ config }] = await loadPatched(source, []);
  expect(config.acme).toMatchObject({ hosts: ['a.example'] });
  expect(join(config.acme?.state ?? '')).toBe(state);
});

test('a member that has no folder for ACME refuses what would need one', async () => {
  const pushed = await pushedOf(
    { 'p.yaml': `acme: { directory: "https://ca.example/d", state: /theirs, hosts: [a.example] }\n${SERVICE}\n` },
    'p.yaml',
  );
  const own = join(await folderWith({ 'inband.yaml': OWN }), 'inband.yaml');
  const source = await readUnder({ file: own }, pushed);
  await expect(loadPatched(source, [])).rejects.toThrow(/inband\.yaml:1:1: acme\.state: expected/);
});

test('files that are included are pushed, and relative paths in them are those of the member', async () => {
  const main = 'include: [sites, more/one.yaml]\nlisteners: [{ bind: 127.0.0.1:2, service: web }]\n';
  const pushed = await pushedOf(
    { 'p.yaml': main, 'sites/a.yaml': SERVICE, 'more/one.yaml': 'zones: { office: { file: office.txt } }' },
    'p.yaml',
  );
  expect(Object.keys(pushed.texts)).toEqual(['p.yaml', 'sites/a.yaml', 'more/one.yaml']);
  const folder = await folderWith({ 'inband.yaml': OWN, 'more/office.txt': '192.0.2.0/24\n' });
  const [parsed, source] = await loadPatched(await readUnder({ file: join(folder, 'inband.yaml') }, pushed), []);
  expect(parsed.zoneLists.map(({ zone }) => zone)).toEqual(['office']);
  // What a worker has, without reading anything of that.
  await rm(join(folder, 'inband.yaml'));
  const [again] = await loadConfig(source.file, source.files, { isWorker: true });
  expect(again.config).toEqual(parsed.config);
});

test('a folder is pushed as a folder', async () => {
  const files = { 'conf/a.yaml': 'listeners: [{ bind: 127.0.0.1:2, service: web }]', 'conf/b.yaml': SERVICE };
  const pushed = await pushedOf(files, 'conf');
  expect(pushed.main).toEqual(['a.yaml', 'b.yaml']);
  const own = join(await folderWith({ 'inband.yaml': OWN }), 'inband.yaml');
  const [{ config }] = await loadPatched(await readUnder({ file: own }, pushed), []);
  expect(Object.keys(config.services)).toEqual(['web']);
});

test('problems say in which file of which version they are, or that they are in the own file', async () => {
  const wrong = `listeners: [{ bind: 127.0.0.1:2, service: wep }]\n${SERVICE}\n`;
  const own = join(
    await folderWith({ 'inband.yaml': `workers: none\n${OWN.replace('workers: 3\n', '')}` }),
    'inband.yaml',
  );
  const source = await readUnder({ file: own }, await pushedOf({ 'p.yaml': wrong }, 'p.yaml'));
  const failed = loadPatched(source, []);
  await expect(failed).rejects.toThrow(/version 17, p\.yaml:1:43: listeners\[0\]\.service: .*wep/);
  await expect(failed).rejects.toThrow(/inband\.yaml:1:10: workers: /);
  const unreadable = { name: 'version 18', main: ['p.yaml'], texts: { 'p.yaml': 'a: [' }, folders: {} };
  await expect(readUnder({ file: own }, unreadable)).rejects.toThrow(/^version 18, p\.yaml:1:/);
});

test('nothing is read from the disk of a member in place of what was not pushed', async () => {
  const own = join(await folderWith({ 'inband.yaml': OWN, 'secret.yaml': SERVICE }), 'inband.yaml');
  const pushed = { name: 'version 17', main: ['p.yaml'], texts: { 'p.yaml': 'include: secret.yaml' }, folders: {} };
  await expect(readUnder({ file: own }, pushed)).rejects.toThrow('it was not pushed');
});

test('a reload reads the own file again, under what was pushed', async () => {
  const folder = await folderWith({ 'inband.yaml': OWN });
  const file = join(folder, 'inband.yaml');
  const pushed = await pushedOf(
    { 'p.yaml': `listeners: [{ bind: 127.0.0.1:2, service: web }]\n${SERVICE}\n` },
    'p.yaml',
  );
  const source = await readUnder({ file }, pushed);
  await writeFile(file, OWN.replace('workers: 3', 'workers: 4'));
  const [{ config }] = await loadPatched(await readAgain(source), []);
  expect([config.workers, Object.keys(config.services)]).toEqual([4, ['web']]);
  expect(Object.keys(source.files?.texts ?? {})).toEqual([file]);
});
