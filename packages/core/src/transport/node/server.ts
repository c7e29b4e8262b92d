import { createServer } from 'node:net';
import type { ListenOptions as ServerOptions, Server, Socket } from 'node:net';
import { inetAddr } from '../../base/address.ts';
import type { SockAddr } from '../../base/address.ts';
import type { Accept, AcceptGate, AdoptOptions, ListenOptions, SharedSocket } from '../../base/connection.ts';
import { boundPath } from '../bound-path.ts';
import { KEEP_ALIVE_AFTER } from '../keep-alive.ts';
import { descriptorOf, handleOf } from '../shared-descriptor.ts';
import { addressOf, NodeConnection, UNKNOWN, UNNAMED } from './node-connection.ts';

const DEFAULT_BACKLOG = 1024;
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER * 1000 };

/**
 * Makes a server that listens, or returns what failed. `address` is what accepted connections say of where they arrived.
 */
export function tryToListen(
  bind: SockAddr,
  options: ListenOptions,
  accept: Accept,
  address: SockAddr = bind,
): Promise<Server | NodeJS.ErrnoException> {
  const { promise, resolve } = Promise.withResolvers<Server | NodeJS.ErrnoException>();
  const ofTcp = bind.family === 'unix' ? {} : { noDelay: true, ...KEEP_ALIVE };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, ...ofTcp });
  server.on('connection', (socket) => acceptSocket(socket, address, options.gate, accept));
  server.once('error', resolve);
  server.listen(listenOptions(bind, options), () => {
    server.off('error', resolve);
    // Failures to accept (descriptors used up, a client that is gone again) concern that client alone.
    server.on('error', ignoreAcceptError);
    resolve(server);
  });
  return promise;
}

/** Makes a server over a socket that listens already, with its address. Undefined if it does not listen. */
export async function tryToAdopt(
  descriptor: number,
  { gate }: AdoptOptions,
  accept: Accept,
): Promise<{ readonly server: Server; readonly address: SockAddr } | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, ...KEEP_ALIVE });
  let address: SockAddr = UNKNOWN;
  server.on('connection', (socket) => acceptSocket(socket, address, gate, accept));
  server.once('error', resolve);
  server.listen({ fd: descriptor, backlog: DEFAULT_BACKLOG }, () => resolve(undefined));
  if ((await promise) !== undefined) return undefined;
  server.off('error', resolve);
  server.on('error', ignoreAcceptError);
  address = boundAddress(server, { family: 'unix', path: boundPath(descriptor) });
  return { server, address };
}

function listenOptions(bind: SockAddr, options: ListenOptions): ServerOptions {
  const { backlog = DEFAULT_BACKLOG, reusePort = false } = options;
  if (bind.family === 'unix') return { path: bind.path, backlog };
  return { host: bind.address, port: bind.port, backlog, reusePort };
}

function ignoreAcceptError(): void {}

function acceptSocket(socket: Socket, bind: SockAddr, gate: AcceptGate | undefined, accept: Accept): void {
  // Asked now, because a peer that is gone has no address any more, and policy must know it.
  const isUnix = bind.family === 'unix';
  const remote = isUnix ? UNNAMED : addressOf(socket.remoteAddress, socket.remotePort);
  if (remote === undefined) {
    socket.destroy();
    return;
  }
  const connection = new NodeConnection(socket, remote, isUnix ? bind : undefined);
  if (gate !== undefined) {
    gate.enter(connection);
    socket.once('close', () => gate.leave(connection));
  }
  accept(connection);
}

/** Where a server listens: with the port that the system has chosen, where `bind` has none. */
export function boundAddress(server: Server, bind: SockAddr): SockAddr {
  const address = server.address();
  if (address === null || typeof address === 'string') return bind;
  return inetAddr(address.address, address.port) ?? bind;
}

/** See `TransportListener.share`. The server goes on listening. */
export function shared(server: Server): SharedSocket {
  const handle = handleOf(server);
  return { descriptor: descriptorOf(handle), handle, release: () => undefined };
}
