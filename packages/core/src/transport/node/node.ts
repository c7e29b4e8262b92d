import { linkSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import type { ListenOptions as ServerOptions, Server, TcpNetConnectOpts } from 'node:net';
import { dirname, join } from 'node:path';
import { inetAddr } from '../../base/address.ts';
import type { SockAddr, UnixAddr } from '../../base/address.ts';
import type {
  Accept,
  AcceptGate,
  AdoptOptions,
  DialOptions,
  ListenOptions,
  SharedSocket,
  Transport,
  TransportListener,
} from '../../base/connection.ts';
import type { Connection } from '../../base/connection.ts';
import { asErrno, errnoError, fromErrno } from '../../base/errno.ts';
import { ProxyError } from '../../base/errors.ts';
import { KEEP_ALIVE_AFTER } from '../keep-alive.ts';
import { isListedAddress } from '../listed-address.ts';
import { nodeUnavailable } from './node-unavailable.ts';
import { boundPath } from '../bound-path.ts';
import { notListening } from '../not-listening.ts';
import { refuseTransparent } from '../refuse-transparent.ts';
import { descriptorOf, handleOf } from '../shared-descriptor.ts';
import { fileOf, giveAccess, isAbstract, SocketFile } from '../socket-file.ts';
import { removeStaleSocket } from '../stale-socket.ts';
import { StreamConnection } from './stream-connection.ts';

const DEFAULT_BACKLOG = 1024;
/** What `net.core.somaxconn` is on Linux unless it was raised. */
const LONGEST_QUEUE = 4096;
/** Bytes that the kernel has room for, the terminator aside. */
const MOST_PATH = process.platform === 'darwin' ? 103 : 107;
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER * 1000 };
const UNNAMED: SockAddr = { family: 'unix', path: '' };
const UNKNOWN: SockAddr = { family: 'inet', address: '0.0.0.0', port: 0 };

/**
 * Sockets of Node's own `net` module: works wherever Node does. Throws a {@link ProxyError} where `nodeUnavailable` has
 * a reason.
 */
export function createNodeTransport(): Transport {
  const why = nodeUnavailable();
  if (why !== undefined) throw new ProxyError('proxy_configuration_error', why);
  return { name: 'node', isOwnAddress: isListedAddress, connect, listen, adopt };
}

class NodeConnection extends StreamConnection {
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

function addressOf(address: string | undefined, port: number | undefined): SockAddr | undefined {
  if (address === undefined || port === undefined) return undefined;
  const zone = address.indexOf('%');
  return inetAddr(zone === -1 ? address : address.slice(0, zone), port);
}

function connect(
  remote: SockAddr,
  options: DialOptions,
  settle: (error: Error | undefined, connection?: Connection) => void,
): () => void {
  const { local } = options;
  if (local !== undefined && local.family !== remote.family) {
    const immediate = setImmediate(settle, fromErrno(errnoError('EAFNOSUPPORT', 'connect'), 'connect', remote));
    return () => clearImmediate(immediate);
  }
  const socket = new Socket({ allowHalfOpen: true });
  let failure: Error | undefined;
  let pending = true;
  const onError = (error: Error): void => {
    failure = error;
  };
  const onClose = (): void => {
    if (!pending) return;
    pending = false;
    settle(fromErrno(failure ?? errnoError('ECONNABORTED', 'connect'), 'connect', remote));
  };
  const onConnect = (): void => {
    socket.off('error', onError);
    socket.off('close', onClose);
    pending = false;
    if (remote.family !== 'unix') socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_AFTER * 1000);
    settle(undefined, new NodeConnection(socket, remote, remote.family === 'unix' ? UNNAMED : undefined));
  };
  socket.on('error', onError);
  socket.on('close', onClose);
  socket.once('connect', onConnect);
  startConnecting(socket, remote, local);
  return () => {
    if (!pending) return;
    pending = false;
    socket.off('connect', onConnect);
    socket.destroy();
  };
}

function startConnecting(socket: Socket, remote: SockAddr, local: SockAddr | undefined): void {
  if (remote.family === 'unix') {
    socket.connect({ path: remote.path });
    return;
  }
  const options: TcpNetConnectOpts = {
    host: remote.address,
    port: remote.port,
    family: remote.family === 'inet' ? 4 : 6,
    autoSelectFamily: false,
  };
  if (local !== undefined && local.family !== 'unix') {
    options.localAddress = local.address;
    options.localPort = local.port;
  }
  try {
    socket.connect(options);
  } catch (error) {
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function listen(bind: SockAddr, options: ListenOptions, accept: Accept): Promise<TransportListener> {
  refuseTransparent('node', options);
  if (bind.family === 'unix' && !isAbstract(bind.path)) return listenOnFile(bind, options, accept);
  const server = await tryToListen(bind, options, accept);
  if (server instanceof Error) throw fromErrno(server, 'listen', bind);
  return { address: boundAddress(server, bind), share: () => shared(server), close: closeOnce(server) };
}

function shared(server: Server): SharedSocket {
  const handle = handleOf(server);
  return { descriptor: descriptorOf(handle), handle, release: () => undefined };
}

async function adopt(descriptor: number, options: AdoptOptions, accept: Accept): Promise<TransportListener> {
  refuseTransparent('node', options);
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, ...KEEP_ALIVE });
  let address: SockAddr = UNKNOWN;
  server.on('connection', (socket) => acceptSocket(socket, address, options.gate, accept));
  server.once('error', resolve);
  server.listen({ fd: descriptor, backlog: DEFAULT_BACKLOG }, () => resolve(undefined));
  const failure = await promise;
  if (failure !== undefined) throw notListening(descriptor);
  server.off('error', resolve);
  server.on('error', ignoreAcceptError);
  address = boundAddress(server, { family: 'unix', path: boundPath(descriptor) });
  const file = fileOf(address);
  const close = closeOnce(server, () => (options.ownsFile ? file?.remove() : undefined));
  const isFileThere = (): boolean => file === undefined || !server.listening || file.isThere();
  return { address, close, share: () => shared(server), isFileThere };
}

/**
 * A unix socket is bound in a directory of its own, which no other user can enter, and is moved to its place in the file system
 * when its access is right. Also, libuv removes whatever it finds at the path that it bound. So it finds nothing, and the
 * file is removed only if it is ours.
 */
async function listenOnFile(bind: UnixAddr, options: ListenOptions, accept: Accept): Promise<TransportListener> {
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

/** `address` is what accepted connections say of where they arrived. */
function tryToListen(
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

function boundAddress(server: Server, bind: SockAddr): SockAddr {
  const address = server.address();
  if (address === null || typeof address === 'string') return bind;
  return inetAddr(address.address, address.port) ?? bind;
}

function closeOnce(server: Server, closed = (): void => undefined): (isHandedOver?: boolean) => Promise<void> {
  let closing: Promise<void> | undefined;
  return (isHandedOver = false) => {
    closing ??= closeServer(server, closed, isHandedOver);
    return closing;
  };
}

async function closeServer(server: Server, closed: () => void, isHandedOver: boolean): Promise<void> {
  await acceptWaiting(server);
  server.close();
  if (!isHandedOver) closed();
  // The callback of `close` would wait for the accepted connections. The socket is closed by now, and two iterations of the
  // loop later its handle is gone as well.
  await nextIteration();
  await nextIteration();
}

/**
 * Waits until the clients in the kernel's queue are accepted, because they have connected and would be reset with it. The loop
 * accepts one in each iteration, so the queue is empty after two iterations without one. The wait is bounded because clients
 * may come as fast as they are accepted; no queue is longer.
 */
async function acceptWaiting(server: Server): Promise<void> {
  let accepted = false;
  const note = (): void => void (accepted = true);
  server.on('connection', note);
  for (let iterations = 0, quiet = 0; quiet < 2 && iterations < LONGEST_QUEUE; iterations += 1) {
    accepted = false;
    await nextIteration();
    quiet = accepted ? 0 : quiet + 1;
  }
  server.off('connection', note);
}

function nextIteration(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
