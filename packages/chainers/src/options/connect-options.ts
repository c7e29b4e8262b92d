import {
  formatSockAddr,
  ProxyError,
  type ChainerDeps,
  type InetAddr,
  type ProxyVersion,
  type Session,
  type SockAddr,
} from '@inband/core';
import { configurationError } from './configuration-error.ts';
import type { TlsOptions } from './tls-settings.ts';

/** The options of every chainer that dials. */
export interface ConnectOptions extends TlsOptions {
  /** Source address; port 0 (usual) lets the kernel choose one. Excludes `forgeAddr`. */
  readonly local?: InetAddr | undefined;
  /** Use the client's address as the source address. */
  readonly forgeAddr?: boolean | undefined;
  /** Tell servers about the client by a header of the PROXY protocol. */
  readonly proxyProtocol?: ProxyVersion | undefined;
  /** Milliseconds for each attempt to connect. Default 10 s. */
  readonly connectTimeout?: number | undefined;
}

/** Milliseconds. */
export const DEFAULT_CONNECT_TIMEOUT = 10_000;

export const localExcludesForgeAddr =
  "local and forgeAddr exclude each other: the outgoing address is either a fixed one or the client's";

/** Whether what is said of the source address does not contradict itself. */
export function localOrForged(options: ConnectOptions): boolean {
  return options.local === undefined || options.forgeAddr !== true;
}

/** The same rule for chainers that are made in code; throws a ProxyError. */
export function checkConnectOptions(options: ConnectOptions): void {
  if (!localOrForged(options)) throw configurationError(`${localExcludesForgeAddr}.`, 'chainer.forgeAddr');
}

/** Refuses, at start-up, what the transport or this process cannot do; throws a ProxyError that says what is missing. */
export function refuseForgeAddr(options: ConnectOptions, deps: Pick<ChainerDeps, 'forgeAddrProblem'>): void {
  const problem = options.forgeAddr === true ? deps.forgeAddrProblem() : undefined;
  if (problem !== undefined) throw configurationError(problem, 'chainer.forgeAddr');
}

/** Refuses `forgeAddr` with a unix socket, which has no source address; throws a ProxyError. */
export function checkForgeable(options: ConnectOptions, remote: SockAddr): void {
  if (options.forgeAddr !== true || remote.family !== 'unix') return;
  throw configurationError('forgeAddr cannot be used with a Unix socket.', 'chainer.forgeAddr');
}

/** Refuses a local address of another family than the server's; throws a ProxyError. */
export function checkSameFamily(local: SockAddr | undefined, remote: SockAddr): void {
  if (local === undefined || remote.family === local.family) return;
  const reason =
    remote.family === 'unix'
      ? 'local cannot be used with a Unix socket'
      : 'local and the address of the server must both be IPv4 or both IPv6';
  throw configurationError(`${reason}.`, 'chainer.local');
}

/**
 * The same for an address that is known only in a session: the error if it cannot be reached from `local`. Undefined where the
 * service translates addresses, because only establishConnection knows the result.
 */
export function unreachableFrom(
  session: Session,
  local: InetAddr | undefined,
  remote: SockAddr,
): ProxyError | undefined {
  if (local === undefined || remote.family === local.family || session.service.nat !== undefined) return undefined;
  const message = `${formatSockAddr(remote)} cannot be reached from ${local.address}, which is of another family.`;
  return new ProxyError('destination_ip_unroutable', message, { address: remote, setting: 'chainer.local' });
}
