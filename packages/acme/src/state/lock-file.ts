import { randomUUID } from 'node:crypto';
import { readFile, readlink, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { createFile, isCode } from './atomic-write.ts';

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
  if (!(await createFile(path, text))) {
    if (!(await removeAbandoned(path, holder.machine)) || !(await createFile(path, text))) return undefined;
  }
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

/** Resolves with whether the lock is free now. */
async function removeAbandoned(path: string, machine: string): Promise<boolean> {
  const holder = await holderOf(path);
  if (!(await isAbandoned(path, holder, machine))) return false;
  // Of two that find it abandoned only one may remove it, and none may remove the lock of the other.
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    return isCode(error, 'ENOENT');
  }
  const moved = await holderOf(aside);
  const isSame = moved?.id === holder?.id;
  if (!isSame) await createFile(path, JSON.stringify(moved));
  await rm(aside, { force: true });
  return isSame;
}

async function isAbandoned(path: string, holder: Holder | undefined, machine: string): Promise<boolean> {
  if (holder?.machine === machine && !isRunning(holder.pid)) return true;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
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
