import {
  AcceptedClient,
  type ClientConnection,
  connectionFromDuplex,
  type ConnectionGate,
  inetAddr,
  type LiveClient,
  ProxyError,
  type ProtocolProxy,
  type SessionRecord,
  type SockAddr,
} from '@inband/core';
import type { Duplex } from 'node:stream';

/** What a program says of a connection that it brings. */
export interface AcceptOptions {
  /** The service that the client gets. */
  readonly service: string;
  /** Where the client is, for rules, zones, limits and the log. Left out: the remote address of a socket. */
  readonly client?: SockAddr | undefined;
  /** The address that it was accepted on. Left out: the local address of a socket, else that of the client. */
  readonly local?: SockAddr | undefined;
}

/** A client's connection that is open. */
export interface OpenClientConnection {
  /** Unique in this process. That of `FilterSubject.client`, too. */
  readonly id: number;
  readonly address: SockAddr;
  readonly service: string;
  /** What it serves at present: the id of the session, in the log and in filters, and what is asked for. */
  readonly session:
    | { readonly id: number; readonly kind: 'request' | 'tunnel' | 'upgrade'; readonly method: string | undefined }
    | undefined;
  /** Bytes of content and of tunnels from and to the client so far. Undefined without `InbandOptions.countBytes`. */
  readonly bytes: { readonly in: number; readonly out: number } | undefined;
  /** Closes it at once, whatever it serves. */
  close(): void;
}

interface Bytes {
  readonly in: number;
  readonly out: number;
}

const NONE: Bytes = { in: 0, out: 0 };

/** Counts the bytes of client connections, by the sessions that have ended on them. */
export class ConnectionBytes {
  readonly #ended = new WeakMap<ClientConnection, Bytes>();

  readonly listener = ({ session: { client }, bytesIn, bytesOut }: SessionRecord): void => {
    const before = this.#ended.get(client) ?? NONE;
    this.#ended.set(client, { in: before.in + bytesIn, out: before.out + bytesOut });
  };

  /** With those of the session that goes on. */
  of({ client, live }: LiveClient): Bytes {
    const ended = this.#ended.get(client) ?? NONE;
    return { in: ended.in + (live?.bytesIn ?? 0), out: ended.out + (live?.bytesOut ?? 0) };
  }
}

export function describeClient(connection: LiveClient, bytes: Bytes | undefined): OpenClientConnection {
  const { client, service, live } = connection;
  const session = live && { id: live.session.id, kind: live.kind, method: live.session.method };
  return { id: client.id, address: client.address, service, session, bytes, close: () => connection.close() };
}

/** Gives a stream to the proxy of a service, which owns it from then on. Throws before that if it cannot. Returns the id of the connection. */
export function acceptDuplex(
  duplex: Duplex,
  { service, client, local }: AcceptOptions,
  { proxy, gate }: { readonly proxy: ProtocolProxy | undefined; readonly gate: ConnectionGate },
): number {
  if (proxy === undefined) {
    throw new ProxyError('proxy_configuration_error', `There is no service "${service}".`, {
      setting: `services.${service}`,
    });
  }
  // It would never say that it is closed, and keep its place.
  if (duplex.destroyed) throw new TypeError('The stream is destroyed already.');
  const remote = client === undefined ? addressOf(duplex, 'remote') : canonical('client', client);
  if (remote === undefined) {
    throw new TypeError(
      'Where the client is must be known, because rules and limits go by it: pass "client" for a stream that is no socket.',
    );
  }
  const at = (local === undefined ? addressOf(duplex, 'local') : canonical('local', local)) ?? remote;
  const connection = connectionFromDuplex(duplex, { local: at, remote });
  const accepted = new AcceptedClient({ connection, address: remote, local: at, listener: at });
  gate.enter(connection);
  duplex.once('close', () => gate.leave(connection));
  const refusal = gate.refusal(connection);
  if (refusal === undefined) proxy.accept(accepted);
  else if (refusal.mayAnswer && proxy.refuse !== undefined) proxy.refuse(accepted, refusal.error);
  else connection.destroy(refusal.error);
  return accepted.id;
}

/** Rules compare addresses in one form, in which no program need have them: `::ffff:10.0.0.1` is 10.0.0.1. */
function canonical(what: keyof AcceptOptions, given: SockAddr): SockAddr {
  if (given.family === 'unix') return given;
  const { address, port } = given;
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
  const known = isPort && typeof address === 'string' ? inetAddr(address, port) : undefined;
  if (known !== undefined) return known;
  throw new TypeError(`"${what}" needs an IP address and a port from 0 to 65535, found ${JSON.stringify(given)}.`);
}

/** Of a socket, which says it by properties of its own. */
function addressOf(duplex: Duplex, side: 'local' | 'remote'): SockAddr | undefined {
  const address: unknown = Reflect.get(duplex, `${side}Address`);
  const port: unknown = Reflect.get(duplex, `${side}Port`);
  return typeof address === 'string' && typeof port === 'number' ? inetAddr(address, port) : undefined;
}
