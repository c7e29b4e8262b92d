import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LogFile, type RotateOptions } from './log-file.ts';
import { ProgramLog } from '../program-log.ts';

/** Milliseconds; the program takes a second. */
const LOOK = 5;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'inband-log-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function opened(rotate?: RotateOptions) {
  const path = join(await folder(), 'log');
  const file = new LogFile(path, rotate, LOOK);
  onTestFinished(() => file.close());
  const write = (text: string): Promise<void> => {
    file.write(Buffer.from(text));
    return new Promise((resolve) => file.flush(resolve));
  };
  return { path, file, write, content: (of = path) => readFileSync(of, 'utf8') };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, LOOK));
}

test('lines are appended to what is there, and a new file is not for everybody', async () => {
  const { path, write, content } = await opened();
  expect(statSync(path).mode & 0o777 & ~0o640).toBe(0);
  await write('one\n');
  const other = new LogFile(path);
  other.write(Buffer.from('two\n'));
  await new Promise<void>((resolve) => other.flush(resolve));
  await other.close();
  await write('three\n');
  expect(content()).toBe('one\ntwo\nthree\n');
});

test('reopen goes on in a new file after the old one was renamed, and no line is lost', async () => {
  const { path, file, write, content } = await opened();
  await write('one\n');
  renameSync(path, `${path}.1`);
  file.write(Buffer.from('two\n'));
  expect(await file.reopen()).toBeUndefined();
  await write('three\n');
  expect(`${content(`${path}.1`)}${content()}`).toBe('one\ntwo\nthree\n');
  expect(content()).toMatch(/three\n$/);
});

test('reopen that fails says why, and the old file is written further', async () => {
  const { path, file, write, content } = await opened();
  renameSync(path, `${path}.1`);
  mkdirSync(path);
  expect(await file.reopen()).toMatch(/EISDIR/);
  await write('one\n');
  expect(content(`${path}.1`)).toBe('one\n');
});

test.each(['renamed', 'removed'])('a file that is %s is followed by a new one without being told', async (what) => {
  const { path, write, content } = await opened();
  await write('one\n');
  if (what === 'renamed') renameSync(path, `${path}.1`);
  else rmSync(path);
  await until(() => existsSync(path));
  // It is used a moment after it was made.
  while (content() === '') await write('two\n');
  expect(content()).toBe('two\n');
});

test('a file is put aside at its size, as many are kept as asked for, and every line is in one of them', async () => {
  const { path, file, write, content } = await opened({ size: 10, keep: 2 });
  for (let round = 1; round <= 4; round += 1) {
    await write(`${round}: a long line\n`);
    await until(() => statSync(path, { throwIfNoEntry: false })?.size === 0);
    // It is used a moment after it was made.
    await file.reopen();
  }
  expect(readdirSync(join(path, '..')).toSorted()).toEqual(['log', 'log.1', 'log.2']);
  expect([content(`${path}.1`), content(`${path}.2`)]).toEqual(['4: a long line\n', '3: a long line\n']);
});

test('a file is put aside at its age, unless nothing is in it', async () => {
  const { path, write, content } = await opened({ age: 1, keep: 1 });
  await write('one\n');
  await until(() => existsSync(`${path}.1`));
  const first = statSync(`${path}.1`).ino;
  await new Promise((resolve) => setTimeout(resolve, 10 * LOOK));
  expect(statSync(`${path}.1`).ino).toBe(first);
  expect(content(`${path}.1`)).toBe('one\n');
});

test('a file that cannot be opened is an error that names the setting', async () => {
  const baseDirectory = await folder();
  writeFileSync(join(baseDirectory, 'file'), '');
  const log = { level: 'info', access: true, format: 'auto', file: 'file/log' } as const;
  expect(() => new ProgramLog({ log, baseDirectory })).toThrow(/log\.file cannot be opened: ENOTDIR/);
});
