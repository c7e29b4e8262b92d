import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { replaceFile } from './replace-file.ts';

/** A process that says `writing` and runs `then` when the text is in the file beside, and not yet in its place. */
function writerOf(path: string, then: string): ChildProcessByStdio<Writable, Readable, null> {
  const source = `
    import { open } from 'node:fs/promises';
    import { replaceFile } from ${JSON.stringify(new URL('replace-file.ts', import.meta.url).href)};
    const file = await open(${JSON.stringify(path)});
    Object.getPrototypeOf(file).sync = async () => {
      await new Promise((done) => process.stdout.write('writing', done));
      ${then};
    };
    await file.close();
    await replaceFile(${JSON.stringify(path)}, 'another');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function newFile(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-killed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'state.json');
  await writeFile(path, 'before');
  return { folder, path };
}

describeRequiring({ linux: true }, 'a writer', () => {
  test('that was killed leaves the file as it was, and the next writer removes what it left', async () => {
    const { folder, path } = await newFile();
    const child = writerOf(path, "process.kill(process.pid, 'SIGKILL')");
    await once(child, 'exit');
    expect(await readdir(folder)).toHaveLength(2);
    expect(await readFile(path, 'utf8')).toBe('before');
    await replaceFile(path, 'after');
    expect(await readdir(folder)).toEqual(['state.json']);
    expect(await readFile(path, 'utf8')).toBe('after');
  });

  test('that waits for its disk keeps its file, and puts it in place when it goes on', async () => {
    const { folder, path } = await newFile();
    const child = writerOf(path, "await new Promise((done) => process.stdin.once('data', done).once('end', done))");
    await once(child.stdout, 'data');
    await replaceFile(path, 'after');
    expect(await readdir(folder)).toHaveLength(2);
    child.stdin.end('go on');
    await once(child, 'exit');
    expect(await readdir(folder)).toEqual(['state.json']);
    expect(await readFile(path, 'utf8')).toBe('another');
  });
});

describeRequiring({ root: true, linux: true }, 'a user who may write in the folder, and is not in the group', () => {
  /** Replaces `path` as another user, with the access that it has. Resolves with what the error says. */
  async function replaceAs(user: number, path: string): Promise<string> {
    const { mode, uid, gid } = await stat(path);
    const source = `
      import { replaceFile } from ${JSON.stringify(new URL('replace-file.ts', import.meta.url).href)};
      process.setgroups([]);
      process.setgid(${user});
      process.setuid(${user});
      const access = ${JSON.stringify({ mode: mode & 0o777, uid, gid })};
      await replaceFile(${JSON.stringify(path)}, 'after', access).catch(({ code }) => process.stdout.write(code));
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = child.stdout.toArray();
    await once(child, 'exit');
    return (await said).join('');
  }

  test('replaces a file that everybody reads, and nothing of what it leaves is more than before', async () => {
    const { folder, path } = await newFile();
    await chmod(folder, 0o777);
    await chown(path, 0, 65_533);
    await chmod(path, 0o664);
    expect(await replaceAs(65_534, path)).toBe('');
    expect(await readFile(path, 'utf8')).toBe('after');
    const { mode, uid, gid } = await stat(path);
    expect([mode & 0o777, uid, gid]).toEqual([0o644, 65_534, 65_534]);
  });

  test('cannot replace one that only the group reads, which is as it was', async () => {
    const { folder, path } = await newFile();
    await chmod(folder, 0o777);
    await chown(path, 0, 65_533);
    await chmod(path, 0o640);
    expect(await replaceAs(65_534, path)).toBe('EPERM');
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['state.json']);
  });
});
