import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { incompleteFor } from './beside.ts';
import { hasEnded } from './writer.ts';

/** Milliseconds without a change after which a file is abandoned whose writer cannot be seen from here. */
const ABANDONED = 3_600_000;

/**
 * Removes what writers left in `folder` that ended in the middle of a write: of the file `path` there, or of any. A writer that is seen to live keeps
 * its file. One that cannot be seen, because it is on another machine or in another container, does for an hour. `now`: by the clock of the file
 * system. Never rejects, because what cannot be removed is in nobody's way.
 */
export async function removeAbandoned(folder: string, path?: string, now: number = Date.now()): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const incomplete = incompleteFor(path, name);
    if (incomplete === undefined) continue;
    const beside = join(folder, name);
    const ended = incomplete.writer && hasEnded(incomplete.writer);
    if (ended ?? (await isOld(beside, now))) await rm(beside).catch(() => undefined);
  }
}

async function isOld(path: string, now: number): Promise<boolean> {
  const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: now }));
  return now - mtimeMs > ABANDONED;
}
