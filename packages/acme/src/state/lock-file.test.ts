import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { tryLock } from './lock-file.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-lock-'));
  path = join(folder, 'a.lock');
});
afterEach(() => rm(folder, { recursive: true }));

/** No process has this id: it is above the most that Linux gives. */
const NOBODY = 4_194_305;

/** Writes a lock as another process would have. */
async function leave(holder: object, age = 0): Promise<void> {
  await writeFile(path, JSON.stringify({ id: 'other', machine: 'elsewhere', pid: 1, ...holder }));
  const time = new Date(Date.now() - age);
  await utimes(path, time, time);
}

async function ownMachine(): Promise<string> {
  const lock = await tryLock(path);
  const { machine } = JSON.parse(await readFile(path, 'utf8')) as { machine: string };
  await lock?.release();
  return machine;
}

test('a lock is held by one at a time', async () => {
  const first = await tryLock(path);
  expect(await tryLock(path)).toBeUndefined();
  await first?.release();
  const second = await tryLock(path);
  expect(second).toBeDefined();
  await second?.release();
});

test('of many that try at once one gets it', async () => {
  const locks = await Promise.all(Array.from({ length: 20 }, () => tryLock(path)));
  expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  await locks.find((lock) => lock !== undefined)?.release();
});

test('the lock of another machine is respected as long as it gives a sign of life', async () => {
  await leave({});
  expect(await tryLock(path)).toBeUndefined();
  await leave({}, 120_000);
  const lock = await tryLock(path);
  expect(lock).toBeDefined();
  await lock?.release();
});

test('the lock of a process that has ended is free at once', async () => {
  const machine = await ownMachine();
  for (let round = 0; round < runs(30); round += 1) {
    await leave({ machine, pid: NOBODY });
    const locks = await Promise.all(Array.from({ length: 5 }, () => tryLock(path)));
    const taken = locks.filter((lock) => lock !== undefined);
    expect(taken).toHaveLength(1);
    expect(await readdir(dirname(path))).toEqual([basename(path)]);
    for (const lock of taken) await lock.release();
  }
});

test('a lock that another process has taken over is not removed by the one before', async () => {
  const lock = await tryLock(path);
  await leave({});
  await lock?.release();
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ id: 'other' });
});
