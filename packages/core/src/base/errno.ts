import { formatSockAddr } from './address.ts';
import type { SockAddr } from './address.ts';
import { ProxyError } from './errors.ts';
import type { ProxyErrorCode } from './errors.ts';

/**
 * The operation of the transport that the system refused. `listen` includes binding the listening socket, `intercept` is
 * asking for connections to other destinations on it, `own` is setting owner and mode of a unix socket's file, and `forge` is
 * binding to an address that is not this machine's before connecting.
 */
export type SocketOperation = 'connect' | 'forge' | 'intercept' | 'listen' | 'own' | 'read' | 'write';

interface Meaning {
  readonly code: ProxyErrorCode;
  /** The sentence for a person, without the errno code; `{address}` is replaced. */
  readonly sentence: string;
}

const exhausted: Readonly<Record<string, Meaning>> = {
  EMFILE: limit('this process has no file descriptor left; raise its limit (ulimit -n)'),
  ENFILE: limit('this system has no file descriptor left; raise fs.file-max'),
  ENOBUFS: limit('the kernel has no buffer memory left'),
  ENOMEM: limit('the kernel has no memory left'),
  EAGAIN: limit('the queue of connections waiting there is full'),
};

const connecting: Readonly<Record<string, Meaning>> = {
  ...exhausted,
  ECONNREFUSED: { code: 'connection_refused', sentence: '{address} refused the connection' },
  ENOENT: { code: 'connection_refused', sentence: 'Nothing listens on {address}: there is no such socket file' },
  ENOTSOCK: { code: 'connection_refused', sentence: 'Nothing listens on {address}: the file is not a socket' },
  EACCES: { code: 'connection_refused', sentence: 'This system does not permit connecting to {address}' },
  EPERM: { code: 'connection_refused', sentence: 'A firewall on this system forbids connecting to {address}' },
  ETIMEDOUT: { code: 'connection_timeout', sentence: '{address} did not answer in time' },
  EHOSTUNREACH: unroutable('There is no route to the host {address}'),
  EHOSTDOWN: unroutable('The host of {address} is down'),
  ENETUNREACH: unroutable('There is no route to the network of {address}'),
  ENETDOWN: unroutable('The network to {address} is down'),
  EADDRNOTAVAIL: unroutable('This system has no local address (or no free port on it) for a connection to {address}'),
  EAFNOSUPPORT: unroutable('This system does not support the address family of {address}'),
  EINVAL: unroutable('This system cannot connect to {address}'),
  EADDRINUSE: limit('every local port for connections to it is taken'),
  ECONNRESET: terminated('{address} reset the connection while it was made'),
  ECONNABORTED: terminated('The connection to {address} was aborted while it was made'),
  EPIPE: terminated('{address} closed the connection while it was made'),
};

const transferring: Readonly<Record<string, Meaning>> = {
  ECONNRESET: terminated('{address} reset the connection'),
  ECONNABORTED: terminated('The connection with {address} was aborted'),
  EPIPE: terminated('{address} had closed the connection when more was written to it'),
  ENOTCONN: terminated('{address} had closed the connection'),
  ETIMEDOUT: terminated('{address} stopped answering and the connection was given up'),
  EHOSTUNREACH: terminated('The route to {address} was lost'),
  ENETUNREACH: terminated('The route to {address} was lost'),
  ENETDOWN: terminated('The network to {address} went down'),
  ENOBUFS: limit('the kernel has no buffer memory left'),
  ENOMEM: limit('the kernel has no memory left'),
};

const listening: Readonly<Record<string, Meaning>> = {
  ...exhausted,
  EADDRINUSE: unusable('Cannot listen on {address}: another process listens there; stop it or choose another address'),
  EADDRNOTAVAIL: unusable(
    'Cannot listen on {address}: the address belongs to no interface of this machine; choose one that does, or 0.0.0.0 or [::] for all',
  ),
  EACCES: unusable(
    'Cannot listen on {address}: permission denied; choose a port above 1023 or a directory that this user may write, or grant the privilege (CAP_NET_BIND_SERVICE)',
  ),
  EPERM: unusable('Cannot listen on {address}: this user lacks the privilege'),
  EAFNOSUPPORT: unusable('Cannot listen on {address}: this system does not support the address family'),
  ENOENT: unusable('Cannot listen on {address}: the directory of the socket does not exist; create it'),
  ENOTDIR: unusable('Cannot listen on {address}: a part of the path is not a directory'),
  EROFS: unusable('Cannot listen on {address}: the file system is read-only'),
  ENOTSOCK: unusable(
    'Cannot listen on {address}: a file that is not a socket stands there; remove it or choose another path',
  ),
  ENAMETOOLONG: unusable(
    'Cannot listen on {address}: the path is too long for a socket, which has at most 107 bytes on Linux; choose a shorter one',
  ),
  ENOTSUP: unusable(
    'Cannot listen on {address}: this system cannot share an address among processes (SO_REUSEPORT); set workers to 1',
  ),
  EINVAL: unusable('Cannot listen on {address}: this system does not accept it as an address to listen on'),
};

const forging: Readonly<Record<string, Meaning>> = {
  EPERM: unusable(
    "Connecting to {address} from somebody else's address needs CAP_NET_ADMIN or CAP_NET_RAW, which this process does not have any more",
  ),
};

const intercepting: Readonly<Record<string, Meaning>> = {
  EPERM: unusable(
    'Cannot accept intercepted connections on {address}: "transparent: tproxy" needs the privilege CAP_NET_ADMIN; run as root, or grant it (AmbientCapabilities=CAP_NET_ADMIN in a systemd unit), or use "transparent: redirect", which needs none',
  ),
  ENOPROTOOPT: unusable(
    'Cannot accept intercepted connections on {address}: this kernel knows no transparent sockets (IP_TRANSPARENT); use "transparent: redirect"',
  ),
};

const owning: Readonly<Record<string, Meaning>> = {
  EPERM: unusable(
    'Cannot give {address} to that user or group: that takes root (CAP_CHOWN), or a group that this user belongs to',
  ),
};

const meanings: Readonly<Record<SocketOperation, Readonly<Record<string, Meaning>>>> = {
  connect: connecting,
  forge: forging,
  intercept: intercepting,
  listen: listening,
  own: owning,
  read: transferring,
  write: transferring,
};

const unknownMeaning: Readonly<Record<SocketOperation, Meaning>> = {
  connect: { code: 'connection_refused', sentence: 'The connection to {address} could not be made' },
  forge: unusable("This system cannot connect to {address} from somebody else's address"),
  intercept: unusable('Cannot accept intercepted connections on {address}'),
  listen: unusable('Cannot listen on {address}'),
  own: unusable('Cannot say who may connect to {address}'),
  read: terminated('Reading from {address} failed'),
  write: terminated('Writing to {address} failed'),
};

/**
 * Makes a {@link ProxyError} of an error of the system: one sentence that names the address and the errno code, with
 * the original error as its cause. This is the only place that knows errno codes. `address` is the peer's, or the
 * one to listen on.
 */
export function fromErrno(error: NodeJS.ErrnoException, doing: SocketOperation, address?: SockAddr): ProxyError {
  const errno = error.code ?? error.message;
  const meaning = meanings[doing][errno] ?? unknownMeaning[doing];
  const peer = meaning.sentence.startsWith('{address}') ? 'The peer' : 'the peer';
  const where = address === undefined ? peer : formatSockAddr(address);
  const message = `${meaning.sentence.replace('{address}', () => where)} (${errno}).`;
  return new ProxyError(meaning.code, message, {
    cause: error,
    ...(address !== undefined && { address }),
    ...(doing === 'intercept' && { setting: 'listeners[].transparent' }),
    ...(doing === 'own' && { setting: 'listeners[].user' }),
  });
}

/** Types an error that a call of the system threw: any error may have a `code`. */
export function asErrno(error: unknown): NodeJS.ErrnoException {
  return error instanceof Error ? error : new Error(String(error));
}

/** Makes an error like the system's, for a transport that does not use the system. */
export function errnoError(code: string, doing: SocketOperation): NodeJS.ErrnoException {
  return Object.assign(new Error(`${doing} ${code}`), { code, syscall: doing });
}

function limit(what: string): Meaning {
  return { code: 'connection_limit_reached', sentence: `No connection with {address} is possible: ${what}` };
}

function unroutable(sentence: string): Meaning {
  return { code: 'destination_ip_unroutable', sentence };
}

function terminated(sentence: string): Meaning {
  return { code: 'connection_terminated', sentence };
}

function unusable(sentence: string): Meaning {
  return { code: 'proxy_configuration_error', sentence };
}
