import { chmodSync, lchownSync, lstatSync, unlinkSync } from 'node:fs';
import type { SockAddr } from '../base/address.ts';
import type { SocketFileAccess } from '../base/connection.ts';

/**
 * The file of a unix socket that this process has bound. It knows its file by device and inode: by the time that the listener
 * closes, another process may have put its own in the place.
 */
export class SocketFile {
  readonly path: string;
  readonly #device: bigint;
  readonly #inode: bigint;

  /** To be called as soon as `path` is bound. Throws the system's error if the file is gone again. */
  constructor(path: string) {
    const { dev, ino } = lstatSync(path, { bigint: true });
    this.path = path;
    this.#device = dev;
    this.#inode = ino;
  }

  /** Whether clients that connect to the path still reach this socket. */
  isThere(): boolean {
    try {
      const { dev, ino } = lstatSync(this.path, { bigint: true });
      return dev === this.#device && ino === this.#inode;
    } catch {
      return false;
    }
  }

  /** Removes the file, unless it is another one by now. */
  remove(): void {
    if (!this.isThere()) return;
    try {
      unlinkSync(this.path);
    } catch {
      // Another program has removed it, or the directory may not be written any more.
    }
  }
}

/** The file of a unix socket that another process has bound, if it is still there. */
export function fileOf(address: SockAddr): SocketFile | undefined {
  if (address.family !== 'unix' || isAbstract(address.path)) return undefined;
  try {
    return new SocketFile(address.path);
  } catch {
    return undefined;
  }
}

/** Whether `path` names a socket without a file (Linux): by convention it begins with NUL. */
export function isAbstract(path: string): boolean {
  return path.startsWith('\0');
}

/** Permits clients to connect, by the access of a socket's file. Throws the error of the system. */
export function giveAccess(path: string, { mode, uid, gid }: SocketFileAccess): void {
  if (uid !== undefined || gid !== undefined) lchownSync(path, uid ?? -1, gid ?? -1);
  if (mode !== undefined) chmodSync(path, mode);
}
