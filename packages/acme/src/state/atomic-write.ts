import { randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** How names of files that are not complete begin. */
export const INCOMPLETE = '.new-';

/** Puts `text` in place of what `path` was: whole or not at all, even if the machine stops. Only the owner can read it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const complete = await writeBeside(path, text);
  try {
    await rename(complete, path);
  } catch (error) {
    await rm(complete, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes `path`, whole or not at all. Resolves with false if it is there. */
export async function createFile(path: string, text: string): Promise<boolean> {
  const complete = await writeBeside(path, text);
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

async function writeBeside(path: string, text: string): Promise<string> {
  const beside = join(dirname(path), `${INCOMPLETE}${basename(path)}-${randomUUID()}`);
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(text);
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

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether the system refused with `code`, e.g. `ENOENT`. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
