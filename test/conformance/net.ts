import { openFiles } from '../support/open-files.ts';
import { createTestTransport } from '../support/transport.ts';
import {
  createMemoryNetwork,
  createNodeTransport,
  type MemoryNetwork,
  type SockAddr,
  type Split,
  type Transport,
} from '@inband/core';

/** Where the proxy, its clients and its servers meet. */
export interface Net {
  readonly name: 'memory' | 'sockets';
  readonly proxy: Transport;
  readonly origin: Transport;
  /** A transport whose connections come from `address`. */
  client(address: string | undefined): Transport;
  /** Every address that the proxy dialled, in order. */
  readonly dialled: readonly SockAddr[];
  /** What is open, in words; empty when nothing leaks. */
  leaks(): string;
}

/** Dials to it are never answered. */
export const BLACKHOLE = '10.255.255.1';

export function memoryNet(split: Split): Net {
  const network = createMemoryNetwork({ split });
  const proxy = recording(network.transport());
  return {
    name: 'memory',
    proxy,
    origin: network.transport(),
    client: (address) => network.transport(address === undefined ? {} : { address }),
    dialled: proxy.dialled,
    leaks: () => openIn(network),
  };
}

function openIn(network: MemoryNetwork): string {
  if (network.open === 0) return '';
  const ends = network.connections().map(({ local, remote }) => `${JSON.stringify(local)} → ${JSON.stringify(remote)}`);
  return `${network.open} ends and listeners: ${ends.join('; ')}`;
}

/** Only for a network namespace in which nothing but loopback exists (see isolation.ts). */
export function socketNet(): Net {
  const ends = createNodeTransport();
  const proxy = recording(createTestTransport());
  return {
    name: 'sockets',
    proxy,
    origin: ends,
    client: () => ends,
    dialled: proxy.dialled,
    leaks() {
      // Every socket, whoever made it.
      const sockets = openFiles('self').filter((target) => target.startsWith('socket:'));
      return sockets.length === ordinary ? '' : `${sockets.length - ordinary} sockets`;
    },
  };
}

/** Standard input and output may be sockets. */
const ordinary = openFiles('self').filter((target) => target.startsWith('socket:')).length;

/** Remembers what is dialled, and has one address where nobody ever answers: a network of its own has none. */
function recording(transport: Transport): Transport & { readonly dialled: SockAddr[] } {
  const dialled: SockAddr[] = [];
  return {
    name: transport.name,
    dialled,
    listen: (bind, options, accept) => transport.listen(bind, options, accept),
    connect(remote, options, settle) {
      dialled.push(remote);
      if (remote.family !== 'unix' && remote.address === BLACKHOLE) return () => {};
      return transport.connect(remote, options, settle);
    },
  };
}
