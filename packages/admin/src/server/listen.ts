import { chmod, chown, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { dirname, join } from 'node:path';
import type { AdminApp } from '../base/app-types.ts';
import type { AdminAddress } from '../base/options.ts';
import { FOLDER_PREFIX, isAnswered, removeLeftFolders, SOCKET_NAME } from './left-folders.ts';

type SocketFile = Extract<AdminAddress, { path: string }>;

/** Only the user of the process. */
const DEFAULT_MODE = 0o600;

/** Where an app listens. */
export interface Bound {
  /** As it is written in a configuration. */
  readonly address: string;
  /** Removes the file of a unix socket, if it is still the one that was made. */
  readonly unlink: () => Promise<void>;
}

/** Listens. Rejects if that is not possible. */
export async function listen(app: AdminApp, address: AdminAddress): Promise<Bound> {
  if ('path' in address) return listenAtPath(app, address);
  await app.listen(address);
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return { address: isIPv6(address.host) ? `[${address.host}]:${port}` : `${address.host}:${port}`, unlink: nothing };
}

async function listenAtPath(app: AdminApp, address: SocketFile): Promise<Bound> {
  const { path } = address;
  if (!path.startsWith('\0')) return { address: `unix:${path}`, unlink: await listenAtFile(app, address) };
  await app.listen({ path });
  return { address: `unix:@${path.slice(1)}`, unlink: nothing };
}

/**
 * The file is made in a folder that nobody else can enter, and moved when it has its mode and owner, so that nobody connects before.
 * A file that was left by a process that is gone is replaced. Returns what removes it.
 */
async function listenAtFile(
  app: AdminApp,
  { path, mode = DEFAULT_MODE, uid, gid }: SocketFile,
): Promise<Bound['unlink']> {
  await checkFree(path);
  await removeLeftFolders(dirname(path));
  const folder = await mkdtemp(join(dirname(path), FOLDER_PREFIX));
  try {
    const made = join(folder, SOCKET_NAME);
    await app.listen({ path: made });
    await chmod(made, mode);
    if (uid !== undefined || gid !== undefined) await chown(made, uid ?? -1, gid ?? -1);
    const { ino } = await lstat(made);
    await rename(made, path);
    return async () => {
      const there = await lstat(path).catch(() => undefined);
      if (there?.ino === ino) await rm(path, { force: true });
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkFree(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error(`${path} exists, and is no socket.`);
  if (await isAnswered(path)) throw new Error(`another process listens at ${path}.`);
}

async function nothing(): Promise<void> {}
