import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StateFile } from './state-file.ts';

const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-state-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a file of the state folder has the last text, and texts that came meanwhile are passed over', async () => {
  const folder = await newFolder();
  const file = new StateFile(join(folder, 'cluster', 'x.json'), logger, 'x');
  const found: string[] = [];
  const writes = Array.from({ length: 100 }, (_, index) => file.write(String(index)));
  await Promise.all(writes.map((write) => write.then(async () => found.push(await readFile(file.path, 'utf8')))));
  expect(new Set(found)).toEqual(new Set(['99']));
  expect(new Set(writes).size).toBe(1);
  await file.write('last');
  expect(await readFile(file.path, 'utf8')).toBe('last');
  expect(await readdir(join(folder, 'cluster'))).toEqual(['x.json']);
});

test('two programs that write the same file do not disturb each other', async () => {
  const folder = await newFolder();
  const files = [1, 2, 3, 4].map(() => new StateFile(join(folder, 'x.json'), logger, 'x'));
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(files.map((file, index) => file.write(`${index}`.repeat(1000))));
  }
  expect(await readFile(join(folder, 'x.json'), 'utf8')).toMatch(/^(\d)\1{999}$/);
  expect(await readdir(folder)).toEqual(['x.json']);
  expect(logger.warn).not.toHaveBeenCalled();
});

test('a file of the state folder that cannot be written is told once', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'no-folder'), '');
  const file = new StateFile(join(folder, 'no-folder', 'x.json'), logger, 'it cannot be written');
  await file.write('1');
  await file.write('2');
  expect(logger.warn.mock.calls.map(([, text]: unknown[]) => text)).toEqual(['it cannot be written']);
  logger.warn.mockClear();
});
