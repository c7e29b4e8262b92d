import type { Logger } from '@inband/core';
import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readHostFile } from '../config/lists/host-file.ts';
import { silentLogger } from '../log/logging.ts';
import { FollowedHostList } from './followed-host-list.ts';

let folder: string;
let followed: FollowedHostList | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-hosts-'));
});

afterEach(async () => {
  followed?.close();
  await rm(folder, { recursive: true });
});

const path = (): string => join(folder, 'list.txt');

async function follow(): Promise<{ readonly list: FollowedHostList['list']; readonly said: unknown[] }> {
  const said: unknown[] = [];
  const say = (fields: unknown, text: unknown): void => void said.push([fields, text]);
  const logger = Object.assign(Object.create(silentLogger), { info: say, warn: say }) as Logger;
  const file = await readHostFile(path(), 'list.txt');
  followed = new FollowedHostList({ path: path(), name: 'list.txt', file, logger, interval: 5 });
  return { list: followed.list, said };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

test('a list has what its file has now, whether that is written in place or renamed into it', async () => {
  await writeFile(path(), 'a.example\n');
  const { list, said } = await follow();
  expect(list.has('a.example', false)).toBe(true);
  await writeFile(path(), 'b.example\n');
  await until(() => expect(list.has('b.example', false)).toBe(true));
  expect(list.has('a.example', false)).toBe(false);
  await writeFile(`${path()}.new`, '.c.example\n.d.example\n');
  await rename(`${path()}.new`, path());
  await until(() => expect(list.size).toBe(2));
  expect(said.at(-1)).toEqual([{ file: 'list.txt', hosts: 2 }, 'a list of hosts was read again']);
});

test('a version with a wrong line leaves the list as it was, and is said once with the line', async () => {
  await writeFile(path(), 'a.example\n');
  const { list, said } = await follow();
  await writeFile(path(), 'b.example\nnot a host\n');
  await until(() => expect(said).toHaveLength(1));
  expect(said[0]).toEqual([
    { file: 'list.txt', problems: ['list.txt:2: expected one host a line, or an address and its names.'] },
    'a list of hosts cannot be used; it stays as it was',
  ]);
  expect(list.has('a.example', false)).toBe(true);
  // At once: whoever writes to the file itself may have it read while it is empty.
  await writeFile(`${path()}.new`, 'b.example\n');
  await rename(`${path()}.new`, path());
  await until(() => expect(list.has('b.example', false)).toBe(true));
  expect(said).toHaveLength(2);
});

test('a file that is gone leaves the list as it was until there is one again', async () => {
  await writeFile(path(), 'a.example\n');
  const { list, said } = await follow();
  await unlink(path());
  await until(() => expect(said).toHaveLength(1));
  expect(list.has('a.example', false)).toBe(true);
  await writeFile(path(), 'b.example\n');
  await until(() => expect(list.has('b.example', false)).toBe(true));
});
