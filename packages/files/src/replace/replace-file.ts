import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isCode } from '../base/is-code.ts';
import { removeAbandoned } from './abandoned.ts';
import { type FileAccess, giveAccess } from './access.ts';
import { newPathBeside } from './beside.ts';

export type { FileAccess } from './access.ts';

const OWNER_ONLY: FileAccess = { mode: 0o600 };

/**
 * Puts `text` in place of what `path` was: whole or not at all, whoever else writes it at the same time, and also if the machine stops. `access`: by
 * default only the owner reads it. Rejects without a change, and without leaving anything behind. What a process left that was killed in the middle
 * of this goes with the next one. The waiting for the disk is done by other threads.
 */
export async function replaceFile(path: string, text: string, access: FileAccess = OWNER_ONLY): Promise<void> {
  const complete = await writeBeside(path, text, access);
  try {
    await rename(complete, path);
  } catch (error) {
    await rm(complete, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes `path`, whole or not at all, for its owner only. Resolves with false if it is there. */
export async function createFile(path: string, text: string): Promise<boolean> {
  const complete = await writeBeside(path, text, OWNER_ONLY);
  try {
    await link(complete, path);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(complete, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

async function writeBeside(path: string, text: string, access: FileAccess): Promise<string> {
  const beside = newPathBeside(path);
  const file = await open(beside, 'wx', 0o600);
  try {
    // By the clock of the file system, which may be another machine's. Before the disk is needed that this may free.
    await removeAbandoned(dirname(path), path, (await file.stat()).mtimeMs);
    await file.writeFile(text);
    await giveAccess(file, access);
    // Otherwise the disk may have the new name before it has the content.
    await file.sync();
  } catch (error) {
    // The disk may be full.
    await rm(beside, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return beside;
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
