import {
  formatSockAddr,
  ProxyError,
  type ChainerDeps,
  type InetAddr,
  type ProxyVersion,
  type Session,
  type SockAddr,
} from '@inband/core';
import { z } from 'zod';
import { duration } from './duration.ts';
import { chainerName, references } from './references.ts';
import { typeNames } from './type-names.ts';
import { configurationError } from './configuration-error.ts';
import { parsed } from './parsed.ts';
import {
  parseLocalAddress,
  parseServerAddress,
  parseServerOfPool,
  parseServerOrPort,
  type WrittenServer,
} from './server-address.ts';
import { tlsContradiction, tlsOption, type TlsOptions } from './server-tls.ts';

export { configurationError } from './configuration-error.ts';

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

/** One server, for the options of a chainer. */
export const serverAddress = parsed(parseServerAddress).describe(
  'A server: host:port, [IPv6]:port or unix:/path. A name is resolved whenever a connection is made.',
);

/** Each of the `servers` of a pool. */
export const serverOfPool = parsed(parseServerOfPool).describe(
  'A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. ' +
    'Each address of a name is a server; it is resolved again when its time to live ends.',
);

/** `remote`, and each of `hosts`. */
export const serverOrPort = parsed(parseServerOrPort)
  .describe(
    'A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. ' +
      'A name is resolved whenever a connection is made. Port 0: the port that the client addressed.',
  )
  .register(references, { to: 'server-or-port' });

/** An option that holds another chainer, or the name of one; the plugin lists its name in `nested`. */
export const nestedChainer = z.union(
  [z.looseObject({ type: z.string().min(1) }).register(typeNames, { name: 'ChainerInput' }), chainerName],
  { error: 'expected the name of a chainer, or a mapping with the "type" of one and its options' },
);

/** The options of every chainer that dials. To be spread into a `z.strictObject`, which then goes through {@link connecting}. */
export const connectShape = {
  local: parsed(parseLocalAddress)
    .optional()
    .describe(
      'Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr.',
    ),
  forgeAddr: z
    .boolean()
    .default(false)
    .describe(
      "Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.",
    ),
  proxyProtocol: z
    .enum(['v1', 'v2'])
    .optional()
    .describe(
      'Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then reused for clients of the same address alone.',
    ),
  connectTimeout: duration()
    .prefault('10s')
    .describe('Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.'),
  tls: tlsOption,
};

export const localExcludesForgeAddr =
  "local and forgeAddr exclude each other: the outgoing address is either a fixed one or the client's";

/**
 * Adds the rules of {@link connectShape} to a schema: that `local` and `forgeAddr` exclude each other, and that what is said of TLS agrees.
 * `servers`: those in the options.
 */
export function connecting<Schema extends z.ZodType<ConnectOptions>>(
  schema: Schema,
  servers: (options: z.output<Schema>) => readonly WrittenServer[] = noServers,
): Schema {
  return schema
    .refine(localOrForged, { error: localExcludesForgeAddr, path: ['forgeAddr'] })
    .superRefine((options, context) => {
      const message = tlsContradiction(options, servers(options));
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['tls'], message, input: options });
    });
}

function noServers(): readonly WrittenServer[] {
  return [];
}

function localOrForged(options: ConnectOptions): boolean {
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
