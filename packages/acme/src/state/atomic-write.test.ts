import { type FileHandle, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFile, replaceFile } from './atomic-write.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-atomic-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Has all open files refuse what is written, until the test is over. */
async function fillDisk(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- methods of a file are those of its class
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const before = Object.getOwnPropertyDescriptor(prototype, 'writeFile')!;
  Object.assign(prototype, { writeFile: () => Promise.reject(new Error('ENOSPC')) });
  onTestFinished(() => void Object.defineProperty(prototype, 'writeFile', before));
}

test('a file that cannot be written, because the disk is full, leaves the old one and nothing beside it', async () => {
  const folder = await newFolder();
  const path = join(folder, 'account.json');
  await replaceFile(path, 'before');
  await fillDisk(folder);
  await expect(replaceFile(path, 'after')).rejects.toThrow('ENOSPC');
  await expect(createFile(join(folder, 'other.json'), 'after')).rejects.toThrow('ENOSPC');
  expect(await readdir(folder)).toEqual(['account.json']);
  expect(await readFile(path, 'utf8')).toBe('before');
});
