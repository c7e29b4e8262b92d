import { lstat, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/** What the names of folders begin with in which sockets are made. */
export const FOLDER_PREFIX = '.inband-';
/** The socket in such a folder. */
export const SOCKET_NAME = 's';

/** As `mkdtemp` ends names. */
const FOLDER = /^\.inband-[A-Za-z\d]{6}$/;
/** Milliseconds. A process that lives has long moved its socket to its place. */
const OLD = 60_000;

/**
 * Removes folders that processes left which were killed while they began to listen: old, of this user, and with nothing in them but a socket that nobody
 * answers. Links are not followed. What cannot be read or removed stays.
 */
export async function removeLeftFolders(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (!FOLDER.test(name)) continue;
    const folder = join(directory, name);
    if (await isLeft(folder).catch(() => false)) await rm(folder, { recursive: true, force: true }).catch(nothing);
  }
}

async function isLeft(folder: string): Promise<boolean> {
  const stats = await lstat(folder);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || Date.now() - stats.mtimeMs < OLD) return false;
  const inside = await readdir(folder);
  if (inside.length === 0) return true;
  const socket = join(folder, SOCKET_NAME);
  const isOnlySocket = inside.length === 1 && inside[0] === SOCKET_NAME && (await lstat(socket)).isSocket();
  return isOnlySocket && !(await isAnswered(socket));
}

/** Whether a process listens at the path of a socket. */
export function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once('connect', () => resolve(true));
  // EAGAIN: it listens, and has no room for one more.
  probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN'));
  return promise.finally(() => probe.destroy());
}

function nothing(): void {}
