import type { Socket } from 'node:net';
import { inetAddr } from '../../base/address.ts';
import type { SockAddr } from '../../base/address.ts';
import { fromErrno } from '../../base/errno.ts';
import { StreamConnection } from './stream-connection.ts';

/** The address of who dials a unix socket. */
export const UNNAMED: SockAddr = { family: 'unix', path: '' };
/** The address of a socket that is closed. */
export const UNKNOWN: SockAddr = { family: 'inet', address: '0.0.0.0', port: 0 };

/** A socket of Node's own `net` module. */
export class NodeConnection extends StreamConnection {
  readonly remote: SockAddr;
  readonly #socket: Socket;
  #local: SockAddr | undefined;

  constructor(socket: Socket, remote: SockAddr, local?: SockAddr) {
    super(socket, true);
    this.#socket = socket;
    this.remote = remote;
    this.#local = local;
  }

  get local(): SockAddr {
    return (this.#local ??= addressOf(this.#socket.localAddress, this.#socket.localPort) ?? UNKNOWN);
  }

  protected translate(error: NodeJS.ErrnoException): Error {
    return fromErrno(error, error.syscall === 'read' ? 'read' : 'write', this.remote);
  }

  protected reset(): void {
    const socket = this.#socket;
    // libuv refuses to reset a socket whose FIN is on its way; by then everything has been sent anyway.
    const finishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
    if (this.remote.family === 'unix' || finishing) socket.destroy();
    else socket.resetAndDestroy();
  }
}

/** Undefined where Node does not know it any more. A zone of IPv6 is left out. */
export function addressOf(address: string | undefined, port: number | undefined): SockAddr | undefined {
  if (address === undefined || port === undefined) return undefined;
  const zone = address.indexOf('%');
  return inetAddr(zone === -1 ? address : address.slice(0, zone), port);
}
