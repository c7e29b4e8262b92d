import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryNetwork } from '@inband/core';
import type { MemoryNetworkOptions, SockAddr, Transport } from '@inband/core';
import type { TransportHarness } from './lab.ts';
import { openSockets } from './open-sockets.ts';

const MEBIBYTE = 1024 * 1024;

/** A transport over the kernel's sockets, listening on a loopback address. */
export async function loopbackHarness(transport: Transport, address: '127.0.0.1' | '::1'): Promise<TransportHarness> {
  const bind: SockAddr = { family: address === '::1' ? 'inet6' : 'inet', address, port: 0 };
  return {
    transport,
    bind: () => bind,
    open: openSockets,
    resets: true,
    largest: 64 * MEBIBYTE,
    close: () => Promise.resolve(),
  };
}

/** A transport over the kernel's sockets, listening on socket files in a directory of its own. */
export async function unixHarness(transport: Transport): Promise<TransportHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'inband-transport-'));
  let files = 0;
  return {
    transport,
    bind: () => ({ family: 'unix', path: join(directory, `${(files += 1)}.sock`) }),
    open: openSockets,
    resets: false,
    largest: 64 * MEBIBYTE,
    close: () => rm(directory, { recursive: true }),
  };
}

export async function memoryHarness(
  options: MemoryNetworkOptions & { readonly largest?: number } = {},
  wrap: (transport: Transport) => Transport = (transport) => transport,
): Promise<TransportHarness> {
  const network = createMemoryNetwork(options);
  return {
    transport: wrap(network.transport()),
    bind: () => ({ family: 'inet', address: '127.0.0.1', port: 0 }),
    open: () => network.open,
    resets: true,
    largest: options.largest ?? 64 * MEBIBYTE,
    close: () => Promise.resolve(),
  };
}
