import { formatSockAddr } from '../../base/address.ts';
import type { SockAddr } from '../../base/address.ts';
import type { Connection, DialOptions, Transport, TransportListener } from '../../base/connection.ts';
import { errnoError, fromErrno } from '../../base/errno.ts';
import { refuseTransparent } from '../refuse-transparent.ts';
import { connectEnds, MemoryConnection } from './memory-connection.ts';
import { MemoryPump } from './memory-pump.ts';
import { whole } from './memory-split.ts';
import type { Split } from './memory-split.ts';

export { byteByByte, pseudoRandom, whole } from './memory-split.ts';
export type { Split } from './memory-split.ts';

const UNNAMED: SockAddr = { family: 'unix', path: '' };
const FIRST_EPHEMERAL_PORT = 49152;
const LAST_PORT = 65535;

/** How a network in memory delivers bytes. */
export interface MemoryNetworkOptions {
  /** How bytes are cut on delivery. Default: whole, as they were written. */
  readonly split?: Split;
  /** Bytes that are on their way in each direction before `write` returns false. Default: 64 KiB. */
  readonly window?: number;
}

export interface MemoryTransportOptions {
  /** Where its connections come from. Default: loopback, of the family that is dialled. */
  readonly address?: string;
}

/** Both ends of a connection in memory. */
export interface ConnectedPair {
  readonly client: Connection;
  readonly server: Connection;
}

/** See {@link createMemoryNetwork}. */
export interface MemoryNetwork {
  /** How bytes are cut on delivery, from now on. */
  split: Split;
  /** Every address that was dialled, in order, failures included. Tests may empty it. */
  readonly dialled: SockAddr[];
  /** Ends of connections whose `closed` has not been delivered yet, and listeners. Zero when nothing leaks. */
  readonly open: number;
  /** The ends that {@link open} counts, in the order in which they were made. */
  connections(): Connection[];
  /** A transport on this network. All of them reach each other's listeners. */
  transport(options?: MemoryTransportOptions): Transport;
  /** Dials to `address` never settle from now on. Port 0 stands for any port. */
  blackhole(address: SockAddr): void;
  /** Dials to `address` fail from now on because there is no route. Port 0 stands for any port. */
  unreachable(address: SockAddr): void;
  /** Two ends of one connection, without listening and dialling. */
  connectPair(addresses?: { readonly client?: SockAddr; readonly server?: SockAddr }): ConnectedPair;
}

/**
 * A network in memory: no sockets, no names, the same order of events in every run. Bytes are delivered in memory that is
 * overwritten as soon as the handler returns, so that a handler that keeps it fails its test. A close behaves as in TCP: the
 * peer is told of the end, and of a reset as soon as it writes; bytes that it had not read are lost.
 */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new InMemory(options);
}

interface Listener {
  readonly address: SockAddr;
  readonly accept: (connection: Connection) => void;
}

type Settle = (error: Error | undefined, connection?: Connection) => void;

class InMemory implements MemoryNetwork {
  readonly dialled: SockAddr[] = [];
  readonly #pump: MemoryPump;
  readonly #listeners = new Map<string, Listener>();
  readonly #blackholes = new Set<string>();
  readonly #unreachables = new Set<string>();
  #lastPort = FIRST_EPHEMERAL_PORT - 1;

  constructor(options: MemoryNetworkOptions) {
    this.#pump = new MemoryPump(options.split ?? whole, options.window ?? 64 * 1024);
  }

  get split(): Split {
    return this.#pump.split;
  }

  set split(split: Split) {
    this.#pump.split = split;
  }

  get open(): number {
    return this.#pump.ends.size + this.#listeners.size;
  }

  connections(): Connection[] {
    return [...this.#pump.ends];
  }

  transport(options: MemoryTransportOptions = {}): Transport {
    return {
      name: 'memory',
      // Addresses of this network belong to no machine.
      transparentProblem: () => undefined,
      // An address with a listener is another machine, and all others are the one whose listener has the wildcard.
      isOwnAddress: (own) => !this.#listeners.has(formatSockAddr(own)),
      connect: (remote, dial, settle) => this.#connect(remote, dial, settle, options.address),
      listen: async (bind, listenOptions, accept) => {
        refuseTransparent('memory', listenOptions);
        return this.#listen(bind, accept);
      },
    };
  }

  blackhole(address: SockAddr): void {
    this.#blackholes.add(formatSockAddr(address));
  }

  unreachable(address: SockAddr): void {
    this.#unreachables.add(formatSockAddr(address));
  }

  connectPair(addresses: { readonly client?: SockAddr; readonly server?: SockAddr } = {}): ConnectedPair {
    const client = addresses.client ?? this.#clientAddress('127.0.0.1', 0);
    return this.#pair(client, addresses.server ?? { family: 'inet', address: '127.0.0.1', port: 80 });
  }

  #pair(clientAddress: SockAddr, serverAddress: SockAddr): ConnectedPair {
    const client = new MemoryConnection(this.#pump, clientAddress, serverAddress);
    const server = new MemoryConnection(this.#pump, serverAddress, clientAddress);
    connectEnds(client, server);
    return { client, server };
  }

  #connect(remote: SockAddr, dial: DialOptions, settle: Settle, address: string | undefined): () => void {
    this.dialled.push(remote);
    let cancelled = false;
    const attempt = (): void => {
      if (cancelled || names(this.#blackholes, remote)) return;
      const refusal = this.#refusal(remote, dial);
      if (refusal !== undefined) {
        settle(fromErrno(errnoError(refusal, 'connect'), 'connect', remote));
        return;
      }
      const { client, server } = this.#pair(this.#localAddress(remote, dial, address), remote);
      this.#listenerFor(remote)?.accept(server);
      settle(undefined, client);
    };
    this.#pump.schedule(attempt);
    return () => {
      cancelled = true;
    };
  }

  /** The errno code with which this attempt fails, if it does. */
  #refusal(remote: SockAddr, dial: DialOptions): string | undefined {
    if (dial.local !== undefined && dial.local.family !== remote.family) return 'EAFNOSUPPORT';
    if (names(this.#unreachables, remote)) return 'EHOSTUNREACH';
    if (this.#listenerFor(remote) === undefined) return remote.family === 'unix' ? 'ENOENT' : 'ECONNREFUSED';
    return undefined;
  }

  #localAddress(remote: SockAddr, dial: DialOptions, address: string | undefined): SockAddr {
    if (remote.family === 'unix') return UNNAMED;
    if (dial.local !== undefined && dial.local.family !== 'unix') {
      return this.#clientAddress(dial.local.address, dial.local.port);
    }
    return this.#clientAddress(address ?? (remote.family === 'inet' ? '127.0.0.1' : '::1'), 0);
  }

  #clientAddress(address: string, port: number): SockAddr {
    const family = address.includes(':') ? 'inet6' : 'inet';
    return { family, address, port: port === 0 ? this.#freePort() : port };
  }

  /** The listener on exactly this address, or else on all addresses. An IPv6 wildcard serves both families. */
  #listenerFor(remote: SockAddr): Listener | undefined {
    const exact = this.#listeners.get(formatSockAddr(remote));
    if (exact !== undefined || remote.family === 'unix') return exact;
    const wildcard = remote.family === 'inet' ? this.#listeners.get(`0.0.0.0:${remote.port}`) : undefined;
    return wildcard ?? this.#listeners.get(`[::]:${remote.port}`);
  }

  #listen(bind: SockAddr, accept: (connection: Connection) => void): TransportListener {
    const address = this.#boundAddress(bind);
    const key = formatSockAddr(address);
    if (this.#listeners.has(key)) throw fromErrno(errnoError('EADDRINUSE', 'listen'), 'listen', address);
    const listener: Listener = { address, accept };
    this.#listeners.set(key, listener);
    return {
      address,
      close: async () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  #boundAddress(bind: SockAddr): SockAddr {
    if (bind.family === 'unix' || bind.port !== 0) return bind;
    let address: SockAddr;
    do address = { ...bind, port: this.#freePort() };
    while (this.#listeners.has(formatSockAddr(address)));
    return address;
  }

  #freePort(): number {
    this.#lastPort = this.#lastPort === LAST_PORT ? FIRST_EPHEMERAL_PORT : this.#lastPort + 1;
    return this.#lastPort;
  }
}

function names(addresses: ReadonlySet<string>, remote: SockAddr): boolean {
  if (addresses.size === 0) return false;
  if (addresses.has(formatSockAddr(remote))) return true;
  return remote.family !== 'unix' && addresses.has(formatSockAddr({ ...remote, port: 0 }));
}
