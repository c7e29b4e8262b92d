import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import { ADDRESS_LENGTH, AF_UNIX, encodeAddress } from '../src/transport/epoll/system/socket-address.ts';

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const LONGEST = 256 * 1024;

/** A Unix socket to which datagrams are sent. Node.js has none. */
export interface DatagramReceiver {
  /** The next datagram in its queue. Undefined when there is none. */
  receive(): string | undefined;
  close(): void;
}

/** Makes the socket at `path`; a path that begins with NUL is abstract. */
export function receiveDatagrams(path: string): DatagramReceiver {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
  const libc = koffi.load(null);
  const socket: (family: number, type: number, protocol: number) => number = libc.func(
    'int socket(int family, int type, int protocol)',
  );
  const bind: (descriptor: number, address: Buffer, length: number) => number = libc.func(
    'int bind(int descriptor, void *address, uint32_t length)',
  );
  const recv: (descriptor: number, bytes: Buffer, length: number, flags: number) => number = libc.func(
    'int64_t recv(int descriptor, void *bytes, int64_t length, int flags)',
  );
  const close: (descriptor: number) => number = libc.func('int close(int descriptor)');
  const address = Buffer.alloc(ADDRESS_LENGTH);
  const length = encodeAddress({ family: 'unix', path }, address) ?? 0;
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (bind(descriptor, address, length) < 0) throw new Error(`bind: errno ${koffi.errno()}`);
  const bytes = Buffer.alloc(LONGEST);
  return {
    receive: () => {
      const received = recv(descriptor, bytes, LONGEST, 0);
      if (received >= 0) return bytes.toString('utf8', 0, received);
      if (koffi.errno() !== constants.errno.EAGAIN) throw new Error(`recv: errno ${koffi.errno()}`);
      return undefined;
    },
    close: () => void close(descriptor),
  };
}
