import { createFile, isCode } from '@inband/files';
import { randomUUID } from 'node:crypto';
import { readFile, readlink, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';

/** Milliseconds between two signs of life of whoever holds a lock. */
const SIGN_OF_LIFE = 15_000;
/** Milliseconds without one after which a lock is free. */
const ABANDONED = 90_000;

/** Who holds a lock. */
const holderSchema = z.object({ id: z.string(), machine: z.string(), pid: z.number() });
type Holder = z.infer<typeof holderSchema>;

/** A lock that is held. */
export interface LockFile {
  release(): Promise<void>;
}

/**
 * Takes the lock at `path`. Resolves with undefined if another process holds it, on this machine or on one that shares the folder. A lock
 * is free when its holder has ended, which can be seen where both count processes alike, or has given no sign of life for 90 seconds.
 */
export async function tryLock(path: string): Promise<LockFile | undefined> {
  const holder: Holder = { id: randomUUID(), machine: await machineName(), pid: process.pid };
  const text = JSON.stringify(holder);
  if (!(await createFile(path, text)) && !(await takeOver(path, text, holder.machine))) return undefined;
  const signs = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), SIGN_OF_LIFE);
  signs.unref();
  return {
    async release() {
      clearInterval(signs);
      // It may be another one's by now, if this process was halted for long.
      if ((await holderOf(path))?.id === holder.id) await rm(path, { force: true });
    },
  };
}

/** Where process ids mean the same: the machine, and the namespace of its processes where there are several. */
async function machineName(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${namespace}`;
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * Replaces an abandoned lock, and resolves with whether it did. Of several that find it abandoned only one may: the one that makes a file which is
 * named after the holder before. `path` is there all the time, so that nobody else takes it in between.
 */
async function takeOver(path: string, text: string, machine: string): Promise<boolean> {
  const before = await holderOf(path);
  // It was released just now.
  if (before === undefined && !(await isThere(path))) return createFile(path, text);
  if (!(await isAbandoned(path, before, machine))) return false;
  const right = `${path}.after-${before?.id ?? 'nobody'}`;
  if (!(await createFile(right, text))) {
    // Whoever had the right may have ended before it was used; then it is free the next time.
    if (await isOld(right)) await rm(right, { force: true });
    return false;
  }
  const isSame = (await holderOf(path))?.id === before?.id;
  if (isSame) await rename(right, path);
  else await rm(right, { force: true });
  return isSame;
}

async function isAbandoned(path: string, holder: Holder | undefined, machine: string): Promise<boolean> {
  if (holder?.machine === machine && !isRunning(holder.pid)) return true;
  return isOld(path);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  return Date.now() - mtimeMs > ABANDONED;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}
