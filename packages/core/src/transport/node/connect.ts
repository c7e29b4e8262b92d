import { Socket } from 'node:net';
import type { TcpNetConnectOpts } from 'node:net';
import type { SockAddr } from '../../base/address.ts';
import type { Connection, DialOptions } from '../../base/connection.ts';
import { errnoError, fromErrno } from '../../base/errno.ts';
import { KEEP_ALIVE_AFTER } from '../keep-alive.ts';
import { NodeConnection, UNNAMED } from './node-connection.ts';

/** See `Transport.connect`. */
export function connect(
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
