import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeLeftFolders } from './left-folders.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'left-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const LONG_AGO = Date.now() / 1000 - 120;

/** Makes a folder as a process leaves it that is killed; `fill` puts something in it. */
async function leave(name: string, fill?: (folder: string) => unknown, time = LONG_AGO): Promise<string> {
  const folder = join(directory, name);
  mkdirSync(folder, { mode: 0o700 });
  await fill?.(folder);
  utimesSync(folder, time, time);
  return folder;
}

/** A socket on which nobody listens. */
async function deadSocket(folder: string): Promise<void> {
  const server = createServer().listen(join(folder, 'bound'));
  await once(server, 'listening');
  // Node.js removes what it has bound when it closes.
  renameSync(join(folder, 'bound'), join(folder, 's'));
  server.close();
  await once(server, 'close');
}

test('what a killed process left is removed', async () => {
  await leave('.inband-aB3dE9', deadSocket);
  await leave('.inband-aB3dE8');
  await removeLeftFolders(directory);
  expect(readdirSync(directory)).toEqual([]);
});

test.each<[string, string, ((folder: string) => unknown)?, number?]>([
  ['what is new, because its process may be about to listen', '.inband-aB3dE9', deadSocket, Date.now() / 1000],
  ['what has another name', '.inband-aB3dE9x', deadSocket],
  ['what has other files in it', '.inband-aB3dE9', (folder) => writeFileSync(join(folder, 'a'), '')],
  ['a file in place of the socket', '.inband-aB3dE9', (folder) => writeFileSync(join(folder, 's'), '')],
  ['a link in place of the socket', '.inband-aB3dE9', (folder) => symlinkSync('/dev/null', join(folder, 's'))],
])('nothing is removed but what was left: %s', async (_what, name, fill, time) => {
  const folder = await leave(name, fill, time);
  await removeLeftFolders(directory);
  expect(existsSync(folder)).toBe(true);
});

test('a socket on which a process listens stays', async () => {
  const server = createServer();
  const folder = await leave('.inband-aB3dE9', (made) => once(server.listen(join(made, 's')), 'listening'));
  await removeLeftFolders(directory);
  expect(existsSync(folder)).toBe(true);
  server.close();
  await once(server, 'close');
});

test('a link to a folder is not followed, and stays', async () => {
  const folder = await leave('elsewhere', deadSocket);
  symlinkSync(folder, join(directory, '.inband-aB3dE9'));
  await removeLeftFolders(directory);
  expect(readdirSync(directory).toSorted()).toEqual(['.inband-aB3dE9', 'elsewhere']);
  expect(readdirSync(folder)).toEqual(['s']);
});

test.skipIf(process.getuid?.() !== 0)('what another user left stays', async () => {
  const folder = await leave('.inband-aB3dE9', deadSocket);
  chownSync(folder, 12_345, 12_345);
  await removeLeftFolders(directory);
  expect(existsSync(folder)).toBe(true);
});

test('a directory that is not there has nothing to remove', async () => {
  await expect(removeLeftFolders(join(directory, 'none'))).resolves.toBeUndefined();
});
