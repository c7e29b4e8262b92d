import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import { ADDRESS_LENGTH, AF_UNIX, encodeAddress } from './socket-address.ts';

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;

/** A datagram socket that is connected to a socket of this machine. Whoever has it closes it. */
export interface UnixDatagrams {
  /** Sends one datagram without waiting. Returns 0 or a negated errno: EAGAIN while the queue of the receiver is full. */
  send(bytes: Uint8Array): number;
  close(): void;
}

/**
 * Connects to the datagram socket at `path`, which Node.js cannot do. A path that begins with NUL names an abstract socket.
 * Returns a negated errno when the system refuses it. Throws where {@link unixDatagramsProblem} is a problem.
 */
export function connectUnixDatagrams(path: string): UnixDatagrams | number {
  const address = Buffer.alloc(ADDRESS_LENGTH);
  const length = encodeAddress({ family: 'unix', path }, address);
  if (length === undefined) return -constants.errno.ENAMETOOLONG;
  const { errno, socket, connect, send, close } = loaded();
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno();
  if (connect(descriptor, address, length) < 0) {
    const problem = errno();
    close(descriptor);
    return -problem;
  }
  let isOpen = true;
  return {
    send: (bytes) => {
      // A descriptor that was closed may be another one's by now.
      if (!isOpen) return -constants.errno.EBADF;
      return send(descriptor, bytes, bytes.byteLength, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno() : 0;
    },
    close: () => {
      if (isOpen) close(descriptor);
      isOpen = false;
    },
  };
}

/** Why there are none here. Undefined where there are. */
export function unixDatagramsProblem(): string | undefined {
  try {
    loaded();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Functions {
  readonly errno: () => number;
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly connect: (descriptor: number, address: Buffer, length: number) => number;
  readonly send: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly close: (descriptor: number) => number;
}

let functions: Functions | undefined;

function loaded(): Functions {
  if (functions !== undefined) return functions;
  // The numbers above are those of Linux.
  if (process.platform !== 'linux') throw new Error('datagrams to Unix sockets need Linux');
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
  const libc = koffi.load(null);
  functions = {
    errno: koffi.errno,
    socket: libc.func('int socket(int family, int type, int protocol)'),
    connect: libc.func('int connect(int descriptor, void *address, uint32_t length)'),
    send: libc.func('int64_t send(int descriptor, void *bytes, int64_t length, int flags)'),
    close: libc.func('int close(int descriptor)'),
  };
  return functions;
}
