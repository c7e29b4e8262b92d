import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Who may read and write a file. `uid` and `gid`: left as they are for whoever makes files, where they are not given. */
export interface FileAccess {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Puts `text` in place of what `path` was: whole or not at all, whoever else writes it at the same time, and also if the machine stops. `access`: by
 * default only the owner reads it. Rejects without a change, and without leaving anything behind. The waiting for the disk is done by other threads.
 */
export async function replaceFile(path: string, text: string, access: FileAccess = { mode: 0o600 }): Promise<void> {
  const next = join(dirname(path), `.new-${basename(path)}-${randomUUID()}`);
  try {
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await give(file, access);
      // Otherwise the disk may have the new name before it has the content.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function give(file: FileHandle, { mode, uid, gid }: FileAccess): Promise<void> {
  const own = await file.stat();
  const [user, group] = [uid ?? own.uid, gid ?? own.gid];
  if (user !== own.uid || group !== own.gid) await chown(file, user, group, own.uid);
  // Behind it, because another owner may cost a file its bits; and the umask does not count.
  if (mode !== (own.mode & 0o777)) await file.chmod(mode);
}

/** Only root gives files to other users. Others give them to groups of theirs, and whoever reads it by its group still does. */
async function chown(file: FileHandle, user: number, group: number, own: number): Promise<void> {
  try {
    await file.chown(user, group);
  } catch (error) {
    if (user === own || !isCode(error, 'EPERM')) throw error;
    await file.chown(own, group);
  }
}

/** Writes the name of a file to the disk. Not every system syncs a folder, and not everybody may read it; what counts is that the disk works. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (isCode(error, 'EIO')) throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
