import fs, {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { replaceBuiltin } from '../../../../test/support/replace-builtin.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { removeAbandoned } from './abandoned.ts';
import { newPathBeside } from './beside.ts';
import { createFile, replaceFile } from './replace-file.ts';

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

  test('may have the longest name that there is', async () => {
    const [one, other] = ['a', 'é'].map((letter) => join(folder, letter.repeat(255 / Buffer.byteLength(letter))));
    for (const path of [one, other]) {
      await replaceFile(path ?? '', 'text');
      expect(await readFile(path ?? '', 'utf8')).toBe('text');
    }
    expect(await readdir(folder)).toHaveLength(2);
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

describe('a group that cannot be kept', () => {
  const denied = (code = 'EPERM'): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }));

  test.each([
    ['0644', 0o644, 0o644],
    ['0664', 0o664, 0o644],
    ['0646', 0o646, 0o644],
    ['0600', 0o600, 0o600],
    ['0755', 0o755, 0o755],
  ])('leaves nobody more than before, and everybody reading, with %s', async (_name, mode, granted) => {
    await replaceMethod('chown', () => denied());
    const path = join(folder, 'inband.yaml');
    await replaceFile(path, 'after', { mode, uid: 1, gid: 7 });
    const { mode: given, gid } = await stat(path);
    expect(given & 0o777).toBe(granted);
    expect(gid).toBe(process.getgid?.());
  });

  test.each([
    ['0640', 0o640],
    ['0604', 0o604],
    ['0660', 0o660],
  ])('refuses the change where somebody could not read any more, with %s', async (_name, mode) => {
    await replaceMethod('chown', () => denied());
    const path = join(folder, 'inband.yaml');
    await writeFile(path, 'before');
    await expect(replaceFile(path, 'after', { mode, gid: 7 })).rejects.toMatchObject({ code: 'EPERM' });
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual([basename(path)]);
  });

  test('is one that the system does not know, too, and no failing disk', async () => {
    let code = 'EINVAL';
    await replaceMethod('chown', () => denied(code));
    const path = join(folder, 'inband.yaml');
    await replaceFile(path, 'after', { mode: 0o644, gid: 7 });
    code = 'EIO';
    await expect(replaceFile(path, 'again', { mode: 0o644, gid: 7 })).rejects.toThrow('EIO');
  });
});

describe('what a writer left that has ended', () => {
  const HOURS = 3_600_000;
  const unique = '0123456789abcdef';

  /** Leaves a file that was last changed so long ago, in milliseconds. */
  async function leave(name: string, age = 0): Promise<void> {
    await writeFile(join(folder, name), 'half');
    const then = new Date(Date.now() - age);
    await utimes(join(folder, name), then, then);
  }

  test('of another machine goes after an hour with the next write to the file, and no other does', async () => {
    const elsewhere = `89abcdef.1.1-${unique}`;
    await leave(`.new-state.json-${elsewhere}`, 2 * HOURS);
    await leave('.new-state.json-4c7a3c1e-7d0b-4f0e-9d7c-0c2c1a3e5f60', 2 * HOURS);
    const kept = [
      `.new-other.json-${elsewhere}`,
      `.new-state.json-a-${elsewhere}`,
      `.new-state.json-fedcba98.1.1-${unique}`,
      '.new-notes',
    ];
    for (const name of kept) await leave(name, name.includes('fedcba98') ? 0 : 2 * HOURS);
    await replaceFile(join(folder, 'state.json'), 'text');
    expect((await readdir(folder)).toSorted()).toEqual([...kept, 'state.json'].toSorted());
  });

  test('stays while this process writes it, whatever the clock says', async () => {
    const beside = basename(newPathBeside(join(folder, 'state.json')));
    await leave(beside, process.platform === 'linux' ? 2 * HOURS : 0);
    await replaceFile(join(folder, 'state.json'), 'text');
    expect(await readdir(folder)).toContain(beside);
  });

  test.skipIf(process.platform !== 'linux')('goes at once where its process id is another process now', async () => {
    const beside = basename(newPathBeside(join(folder, 'state.json')));
    await leave(beside.replace(/\.\d+-/, '.1-'));
    await replaceFile(join(folder, 'state.json'), 'text');
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  test('of a file with a long name is found by that name', async () => {
    const [one, other] = ['a', 'b'].map((end) => join(folder, `${'x'.repeat(200)}${end}`));
    for (const path of [one, other]) {
      const beside = basename(newPathBeside(path ?? ''));
      await leave(beside.replace(/-[\da-f]{8}\./, '-89abcdef.'), 2 * HOURS);
    }
    await replaceFile(one ?? '', 'text');
    expect((await readdir(folder)).filter((name) => name.startsWith('.new-'))).toHaveLength(1);
    await removeAbandoned(folder);
    expect(await readdir(folder)).toEqual([basename(one ?? '')]);
  });

  test("is in nobody's way where it cannot be removed", async () => {
    await mkdir(join(folder, `.new-state.json-89abcdef.1.1-${unique}`));
    replaceBuiltin(fs, { lstat: (() => Promise.resolve({ mtimeMs: 0 })) as unknown as typeof fs.lstat });
    await replaceFile(join(folder, 'state.json'), 'text');
    expect(await readFile(join(folder, 'state.json'), 'utf8')).toBe('text');
  });
});

describe('a file that is made', () => {
  test('is left as it is, if it is there', async () => {
    const path = join(folder, 'account.json');
    expect(await createFile(path, 'first')).toBe(true);
    expect(await createFile(path, 'second')).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('first');
    expect(await access(path)).toEqual([0o600, process.getuid?.(), process.getgid?.()]);
    expect(await readdir(folder)).toEqual(['account.json']);
  });

  test('is not there, and nothing beside it, when the disk is full', async () => {
    await replaceMethod('writeFile', () => Promise.reject(new Error('ENOSPC')));
    await expect(createFile(join(folder, 'account.json'), 'text')).rejects.toThrow('ENOSPC');
    expect(await readdir(folder)).toEqual([]);
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
