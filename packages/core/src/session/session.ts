import type { HostPort, SockAddr } from '../base/address.ts';
import type { BoundServers } from '../network/bound-servers.ts';
import type { Connection } from '../base/connection.ts';
import { toProxyError, type ProxyErrorCode } from '../base/errors.ts';
import { sessionChannel } from '../diagnostics/channels.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import type { PooledConnection } from '../network/pooled-connection.ts';
import type { ServerStream } from '../network/server-stream.ts';
import { announceSession } from './announce-session.ts';
import type { Route, Service } from './service.ts';

/** A client's connection to one of our listeners, or to a proxy stacked in another. It lives as long as its `connection`. */
export interface ClientConnection {
  readonly id: number;
  readonly connection: Connection;
  /** Where the client is. */
  readonly address: SockAddr;
  /** Where it reached us. */
  readonly local: SockAddr;
  /** The bound address of the listener that accepted it (`local` differs when that is a wildcard). */
  readonly listener: SockAddr;
  /** Where an intercepted client was going, on a transparent listener. */
  readonly originalDestination?: SockAddr;
  /** The server's side, where the client is a proxy in which this one is stacked. */
  readonly serverStream?: ServerStream;
  /** Server connections on which this client has logged in; none is made for a client that does not. */
  bound?: BoundServers;
  /** What it gave back to the pool last: it need not wait for that to be quiet. For the pool only. */
  lastReleased?: PooledConnection;
}

/** One try to reach a server. */
export interface Attempt {
  readonly address: SockAddr;
  /** Milliseconds from the start of the attempt to its end. */
  readonly duration: number;
  /** Absent when it succeeded. */
  readonly error?: ProxyErrorCode;
}

/** What may call an attempt off. An `AbortSignal` is one, and a {@link Session} is one that costs less. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

let lastId = 0;

/** One request or one tunnel: who asks for what, and what became of it. Seed: session. */
export class Session implements Cancellation {
  /** Unique in this process. */
  readonly id: number = ++lastId;
  readonly client: ClientConnection;
  readonly service: Service;
  /** What the client asked for, as written; never dialled. */
  target: HostPort | undefined = undefined;
  /** `CONNECT`, `GET`, …; undefined for protocols without methods. */
  method: string | undefined = undefined;
  /** The authenticated user; a stacked session begins with that of the session around it. */
  user: string | undefined = undefined;
  /** The route that matched, once it is known. */
  route: Route | undefined = undefined;
  /** The resolved server address; set before the access check, also when it denied. Stacked: from the beginning. */
  serverAddress: SockAddr | undefined = undefined;
  /** The server's address before translation; set only when address translation changed it. */
  resolvedAddress: SockAddr | undefined = undefined;
  /** What policy said about `serverAddress`; undefined while it was not asked. */
  decision: AccessDecision | undefined = undefined;
  /** Whether the protocol proxy has been given a server connection; false again while it waits for another one. */
  connected = false;
  /** False once a reused connection failed this session: from then on only fresh ones will do. */
  mayReuse = true;
  /** Milliseconds that an idle connection may have been idle to do for this session. */
  reuseWithin = Infinity;
  /** Who chose `serverAddress`, for whoever judges it again; undefined while policy was not asked. */
  serverChosenBy: 'client' | 'operator' | undefined = undefined;
  /** What the chainer remembers about this session. For the chainer only. */
  chainerNote: unknown = undefined;
  /** Dials so far, in order. Undefined while there was none. */
  attempts: Attempt[] | undefined = undefined;

  #controller: AbortController | undefined = undefined;
  #aborted = false;
  #listeners: (() => void)[] | undefined = undefined;

  constructor(client: ClientConnection, service: Service) {
    this.client = client;
    this.service = service;
    if (client.serverStream !== undefined) {
      this.user = client.serverStream.session.user;
      this.serverAddress = client.serverStream.remote;
    }
    if (sessionChannel.hasSubscribers) announceSession(this);
  }

  /** Set when this proxy is stacked in another: the server's side, to be picked up once. Seed: server_fd. */
  get serverStream(): ServerStream | undefined {
    return this.client.serverStream;
  }

  /** The session of the proxy in which this one is stacked. */
  get parent(): Session | undefined {
    return this.client.serverStream?.session;
  }

  /** Whether nobody waits for this session's server any more. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Aborted when the client went away: dials and look-ups on its behalf stop. Made only when asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Has `listener` called once when the session is aborted: like its signal's, without making one. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= [];
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const left = this.#listeners?.filter((other) => other !== listener);
    this.#listeners = left?.length === 0 ? undefined : left;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort();
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) callAborted(listener);
  }
}

/** Whoever aborts is about to close sockets: a plugin's listener that throws must not keep it from that. */
function callAborted(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.emitWarning(`A listener of an aborted session threw: ${toProxyError(error).message}`, 'InbandWarning');
  }
}
