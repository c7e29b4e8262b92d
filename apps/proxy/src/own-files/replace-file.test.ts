import fs, { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { replaceBuiltin } from '../../../../test/support/replace-builtin.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { replaceFile } from './replace-file.ts';

const all = await mkdtemp(join(tmpdir(), 'inband-replaced-'));
let folder = all;
afterAll(() => rm(all, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(all, 'test-'));
});

/** Replaces a method of all open files until the test is over. */
async function replaceMethod<Name extends 'sync' | 'writeFile' | 'chown'>(
  name: Name,
  method: (this: FileHandle, ...parameters: Parameters<FileHandle[Name]>) => Promise<void>,
): Promise<void> {
  const file = await open(folder, 'r');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- methods of a file are those of its class
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const before = prototype[name];
  Object.assign(prototype, { [name]: method });
  onTestFinished(() => void Object.assign(prototype, { [name]: before }));
}

async function access(path: string): Promise<number[]> {
  const { mode, uid, gid } = await stat(path);
  return [mode & 0o777, uid, gid];
}

describe('a file that is replaced', () => {
  test('has one of the texts, whole, when many write it at once, and nothing else is left', async () => {
    const path = join(folder, 'state.json');
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000 + index));
    await Promise.all(texts.map((text) => replaceFile(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  test('is on the disk before it has its name, and its name is before that is reported', async () => {
    const order: string[] = [];
    const { rename } = fs;
    await replaceMethod('sync', async function sync() {
      const isFolder = (await this.stat()).isDirectory();
      order.push(isFolder ? 'folder synced' : `${(await this.stat()).size} bytes synced`);
    });
    replaceBuiltin(fs, {
      rename: async (from, to) => {
        await rename(from, to);
        order.push('renamed');
      },
    });
    await replaceFile(join(folder, 'state.json'), 'text');
    expect(order).toEqual(['4 bytes synced', 'renamed', 'folder synced']);
  });

  test('can be read by its owner only, unless something else is said, whatever the umask is', async () => {
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const [secret, shared] = [join(folder, 'secret'), join(folder, 'shared')];
    await replaceFile(secret, 'x');
    await replaceFile(shared, 'x', { mode: 0o664 });
    expect((await access(secret))[0]).toBe(0o600);
    expect((await access(shared))[0]).toBe(0o664);
  });

  test('keeps its group where only root may keep the owner', async () => {
    const path = join(folder, 'inband.yaml');
    const given: number[][] = [];
    await replaceMethod('chown', (uid, gid) => {
      given.push([uid, gid]);
      return uid === own ? Promise.resolve() : Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' }));
    });
    const own = process.getuid?.() ?? -1;
    await replaceFile(path, 'after', { mode: 0o640, uid: own + 1, gid: 7 });
    expect(given).toEqual([
      [own + 1, 7],
      [own, 7],
    ]);
  });

  test('is complete on a system that syncs no folders, and not on a disk that fails', async () => {
    const path = join(folder, 'state.json');
    let code = 'EINVAL';
    await replaceMethod('sync', async function sync() {
      if ((await this.stat()).isDirectory()) throw Object.assign(new Error(code), { code });
    });
    await replaceFile(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    code = 'EIO';
    await expect(replaceFile(path, 'text')).rejects.toThrow('EIO');
  });
});

describe('a file that cannot be replaced is as it was, and nothing is left beside it', () => {
  test('when the disk is full', async () => {
    const path = join(folder, 'state.json');
    await writeFile(path, 'before');
    await replaceMethod('writeFile', () => Promise.reject(new Error('ENOSPC')));
    await expect(replaceFile(path, 'after')).rejects.toThrow('ENOSPC');
    expect(await readdir(folder)).toEqual([basename(path)]);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  test('when a folder has its name', async () => {
    const path = join(folder, 'state.json');
    await mkdir(path);
    await expect(replaceFile(path, 'after')).rejects.toThrow('EISDIR');
    expect(await readdir(folder)).toEqual([basename(path)]);
  });
});

describeRequiring({ root: true }, 'a file of another user', () => {
  test('keeps its owner, its group and its permissions, if they are given', async () => {
    const path = join(folder, 'inband.yaml');
    await writeFile(path, 'before');
    await chown(path, 65_534, 65_533);
    await chmod(path, 0o640);
    const { uid, gid } = await stat(path);
    await replaceFile(path, 'after', { mode: 0o640, uid, gid });
    expect(await access(path)).toEqual([0o640, 65_534, 65_533]);
  });
});
