import { linkSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { UnixAddr } from '../../base/address.ts';
import type { Accept, ListenOptions, TransportListener } from '../../base/connection.ts';
import { asErrno, fromErrno } from '../../base/errno.ts';
import { ProxyError } from '../../base/errors.ts';
import { giveAccess, SocketFile } from '../socket-file.ts';
import { removeStaleSocket } from '../stale-socket.ts';
import { closeOnce } from './close-server.ts';
import { shared, tryToListen } from './server.ts';

/** Bytes that the kernel has room for, the terminator aside. */
const MOST_PATH = process.platform === 'darwin' ? 103 : 107;

/**
 * A unix socket is bound in a directory of its own, which no other user can enter, and is moved to its place in the file system
 * when its access is right. Also, libuv removes whatever it finds at the path that it bound. So it finds nothing, and the
 * file is removed only if it is ours.
 */
export async function listenOnFile(bind: UnixAddr, options: ListenOptions, accept: Accept): Promise<TransportListener> {
  refuseLongDirectory(bind);
  let directory: string;
  try {
    directory = mkdtempSync(`${dirname(bind.path)}/.`);
  } catch (error) {
    throw fromErrno(asErrno(error), 'listen', bind);
  }
  const hidden = join(directory, 's');
  try {
    const server = await tryToListen({ ...bind, path: hidden }, options, accept, bind);
    if (server instanceof Error) throw fromErrno(server, 'listen', bind);
    try {
      permit(hidden, options, bind);
      await moveInto(hidden, bind);
      const file = new SocketFile(bind.path);
      const close = closeOnce(server, () => file.remove());
      return {
        address: bind,
        close,
        share: () => shared(server),
        isFileThere: () => !server.listening || file.isThere(),
      };
    } catch (error) {
      server.close();
      throw error instanceof ProxyError ? error : fromErrno(asErrno(error), 'listen', bind);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Where a name of our own has no room the kernel would say no more than that it does not accept the address. */
function refuseLongDirectory({ path }: UnixAddr): void {
  const most = MOST_PATH - '/.XXXXXX/s'.length;
  const length = Buffer.byteLength(dirname(path));
  if (length <= most) return;
  const why = `on the transport node the directory of a socket has at most ${most} bytes, and this one has ${length}`;
  throw new ProxyError(
    'proxy_configuration_error',
    `Cannot listen on unix:${path}: ${why}; choose a shorter one, or the transport epoll.`,
  );
}

function permit(path: string, { file }: ListenOptions, bind: UnixAddr): void {
  try {
    if (file !== undefined) giveAccess(path, file);
  } catch (error) {
    throw fromErrno(asErrno(error), 'own', bind);
  }
}

/** By a second name rather than by renaming, which would replace whatever stands there. */
async function moveInto(hidden: string, bind: UnixAddr): Promise<void> {
  try {
    linkSync(hidden, bind.path);
  } catch (error) {
    if (asErrno(error).code !== 'EEXIST') throw error;
    await removeStaleSocket(bind);
    linkSync(hidden, bind.path);
  }
}
