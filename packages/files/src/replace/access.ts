import type { FileHandle } from 'node:fs/promises';
import { isCode } from '../base/is-code.ts';

/** Who may read and write a file. `uid` and `gid`: left as they are for whoever makes files, where they are not given. */
export interface FileAccess {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

const READ = 4;
const OWNER = 0o700;

/**
 * Gives a new file its owner, its group and its mode, whatever the umask is. Only root gives files to other users; others give them to groups of
 * theirs, and whoever reads it by its group still does. With a group that cannot be kept, the other one gets nothing that not all others have.
 * Rejects where somebody could not read it any more.
 */
export async function giveAccess(file: FileHandle, { mode, uid, gid }: FileAccess): Promise<void> {
  const own = await file.stat();
  const [user, group] = [uid ?? own.uid, gid ?? own.gid];
  let granted = mode;
  if (user !== own.uid || group !== own.gid) {
    const isGiven = (await isTaken(file, user, group)) || (await isTaken(file, own.uid, group));
    if (!isGiven) granted = withoutGroup(mode);
  }
  // Behind it, because another owner may cost a file its bits.
  if (granted !== (own.mode & 0o777)) await file.chmod(granted);
}

/** Whether the system gives the file to them. It may not know them (EINVAL), or have no owners at all. */
async function isTaken(file: FileHandle, user: number, group: number): Promise<boolean> {
  try {
    await file.chown(user, group);
    return true;
  } catch (error) {
    if (isCode(error, 'EPERM') || isCode(error, 'EINVAL')) return false;
    throw error;
  }
}

/** Who was in the group is one of the others then, and the other way round: both get what both had. */
function withoutGroup(mode: number): number {
  const [group, others] = [(mode >> 3) & 7, mode & 7];
  const both = group & others;
  if (((group | others) & ~both & READ) !== 0)
    throw Object.assign(
      new Error('EPERM: its group cannot be kept, and not everybody who reads it could with another'),
      {
        code: 'EPERM',
      },
    );
  return (mode & OWNER) | (both << 3) | both;
}
