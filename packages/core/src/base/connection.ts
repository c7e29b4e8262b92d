import type { InetAddr, SockAddr } from './address.ts';

/**
 * The events of a {@link Connection}, for its owner. Every call comes from the event loop, never from within a call that
 * the owner itself made on the connection.
 */
export interface ConnectionHandler {
  /**
   * Bytes from the peer: `bytes[start..end)`. They are valid only during this call; copy them to
   * keep them. A handler may call anything on the connection from here, `pause` and `destroy` included.
   */
  data(bytes: Buffer, start: number, end: number): void;
  /** The kernel has taken everything that was written, after a `write` that returned false. */
  drained(): void;
  /**
   * After a {@link Connection.forward}: `bytes` have gone straight to the other connection (splice). Not called by
   * transports that cannot forward.
   */
  forwarded?(bytes: number): void;
  /** The peer finished sending (FIN). The other direction stays open until `end` or `destroy`. No more `data`. */
  ended(): void;
  /**
   * The last event, exactly once, also after the owner's own `destroy`: the socket is closed.
   * `error` says why when it was not an orderly end (errno errors are already {@link ProxyError}s).
   */
  closed(error?: Error): void;
}

/**
 * A connected stream of bytes: a socket, a TLS layer, or a pair in memory. It has one owner at a time, the one that last
 * set `handler`. It starts paused, so nothing is delivered before the first `resume`. After `closed` every call is a no-op.
 */
export interface Connection {
  /** Once a dialled connection is closed, it may be unknown: then `0.0.0.0:0`. */
  readonly local: SockAddr;
  readonly remote: SockAddr;
  /** Receives the events. Setting it hands the connection over to a new owner. */
  handler: ConnectionHandler;
  /**
   * Sends `bytes[start..end)`. They are sent or copied before this returns, so the caller may reuse the memory.
   * Returns whether the peer keeps up; after false, `drained` follows once (unless the connection closes first).
   * Writing on anyway is allowed and grows the queue. After `end`, `destroy` or an error it does nothing.
   */
  write(bytes: Uint8Array, start?: number, end?: number): boolean;
  /**
   * Whether the transport coalesces the writes of one event-loop iteration. Then the owner need not join small pieces.
   */
  readonly coalescesWrites?: boolean;
  /** Whether bytes or an end have arrived that were not delivered yet. Undefined where the transport does not know. */
  readonly pending?: boolean;
  /**
   * Acknowledges at once what has been received (TCP_QUICKACK). What the peer holds back until then, by Nagle's algorithm,
   * follows within a round trip. A transport without it leaves that to the system, which takes up to 40 ms.
   */
  acknowledge?(): void;
  /**
   * Whether bytes or an end had arrived by the time of this event-loop iteration (`iterationTime`). It asks the system if
   * need be, whereas `pending` is only what this connection has noticed.
   */
  hasUnreadInput?(): boolean;
  /**
   * Has the system probe a peer that is silent for long (TCP keep-alive) from now on, where the transport puts that off because most
   * connections do not live so long. For an owner that expects silence, such as a tunnel.
   */
  keepAlive?(): void;
  /** Where {@link AcceptGate} has it. Only the gate reads and writes it. */
  gateIndex?: number;
  /** Bytes written and not yet taken by the kernel. */
  readonly queued: number;
  /**
   * Bytes that the system has taken and the peer has not acknowledged. Undefined where the transport cannot tell. It asks the system, and
   * so is for those that want to know it now and then.
   */
  unacknowledged?(): number | undefined;
  /** Stops delivery of `data` and `ended`. May be called at any time, repeatedly. */
  pause(): void;
  /** Starts or continues delivery; events come later, not from within this call. */
  resume(): void;
  /**
   * Has the transport carry everything that arrives from now on straight to `to` (splice), as fast as `to` takes it.
   * Returns false when it cannot, and then nothing changes. After true there is no `data` any more: `forwarded` reports
   * the progress, `ended` comes when all bytes have reached `to`, and `pause` and `resume` still work. The caller must own
   * both connections, and writes nothing to `to` until then. With `bytes`, only so many are forwarded, and `data`
   * resumes after them. The transport may stop earlier and deliver the rest as `data`, for example when `to` closes.
   */
  forward?(to: Connection, bytes?: number): boolean;
  /**
   * Finishes sending: what is queued goes out, then FIN. Receiving goes on until the peer's own end; with `isLast` the peer
   * is known to send nothing more, and the transport may close the connection as soon as all is on its way.
   */
  end(isLast?: boolean): void;
  /**
   * Closes now and drops what is queued. With an `error` the peer gets a reset where the transport can send one,
   * so that it cannot take a cut message for a whole one; without, an ordinary close.
   */
  destroy(error?: Error): void;
}

/** How a transport listens on an address. */
export interface ListenOptions {
  /** Kernel's queue of connections not accepted yet. */
  readonly backlog?: number;
  /**
   * Sockets of several processes may listen on this address at once if all of them set this (SO_REUSEPORT). The kernel
   * spreads new connections over them. The caller makes sure that no other program of the same user does so, because
   * that would get a share of the connections. A system without SO_REUSEPORT rejects. Unix sockets and the memory
   * transport ignore it.
   */
  readonly reusePort?: boolean;
  /**
   * Accepts intercepted connections, whose clients were connecting to another address; {@link Accept} gets that address.
   * `redirect`: a packet filter changed their destination and remembers it (REDIRECT). `tproxy`: they keep their
   * destination, which is the local address of the connection then (TPROXY); that needs CAP_NET_ADMIN. A connection to
   * the listener itself would lead back to it, so it is reset at once and never accepted. Only the `epoll` transport
   * supports this; the others reject.
   */
  readonly transparent?: Interception;
  /** Counts accepted connections and says when to pause. The memory transport ignores it, because it uses no descriptors. */
  readonly gate?: AcceptGate;
  /** Owner and mode of a unix socket's file, set before the first client can connect. Not for an abstract name. */
  readonly file?: SocketFileAccess;
  /** With `transparent`: called for each connection that was made to the listener itself. Must not throw. */
  readonly onDirect?: (direct: DirectConnection) => void;
}

/** How a transport accepts on a listening socket that another process has made. */
export interface AdoptOptions extends Pick<ListenOptions, 'transparent' | 'gate' | 'onDirect'> {
  /** Whether the file of a unix socket belongs to this process from now on, which removes it at the end. */
  readonly ownsFile: boolean;
}

/** A listener asks it before it accepts, and reports every connection to it. All listeners of a proxy share one. */
export interface AcceptGate {
  /** Whether the limit is reached: further clients stay in the kernel's queue, where the transport can leave them there. */
  readonly isFull: boolean;
  /** Called for each accepted connection before it is handed over. */
  enter(connection: Connection): void;
  /** Called once for each that entered, when its socket is closed. */
  leave(connection: Connection): void;
  /** Calls `resume` once, when there is room again, synchronously from the call that closed a connection. */
  whenFree(resume: () => void): void;
  /** Takes back what `whenFree` was given, because the listener closes. */
  noLongerWaiting(resume: () => void): void;
  /** The process has run out of descriptors below the limit. */
  exhausted(): void;
  /** Milliseconds in which clients may come faster than they are accepted; `Infinity`: always. Then those in the kernel's queue are reset. */
  readonly overloadAfter: number;
  /** So many clients were reset now. */
  overloaded(count: number): void;
}

/** Owner and mode of the file of a unix socket. By default those of the process, with its umask. */
export interface SocketFileAccess {
  /** As for chmod(2). A client needs the permission to write in order to connect. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** How intercepted connections arrive: see {@link ListenOptions.transparent}. */
export type Interception = 'redirect' | 'tproxy';

/** A connection that a transparent listener reset, because it was made to the listener itself. */
export interface DirectConnection {
  /** The client's address. */
  readonly remote: SockAddr;
  /** The address on which it was accepted. */
  readonly local: SockAddr;
  /** The original destination. Undefined if the kernel knows of none but `local`. */
  readonly destination: SockAddr | undefined;
}

/** Takes over an accepted connection, paused. `originalDestination` is the address to which an intercepted client was connecting. */
export type Accept = (connection: Connection, originalDestination?: SockAddr) => void;

/** A listening socket. The caller of `listen` owns it and closes it. */
export interface TransportListener {
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  /**
   * For a unix socket with a file: whether the file is still there. Without it no client can connect. True once the
   * listener is closed.
   */
  isFileThere?(): boolean;
  /** Lends the socket to another process. Without it the transport cannot. */
  share?(): SharedSocket;
  /**
   * Accepts the clients in the kernel's queue, then stops. Accepted connections stay open. Resolves when the socket is
   * closed. `isHandedOver`: another process has the socket by now. Then the file of a unix socket is left to that process, and so is
   * the queue of a socket that was lent by `share`.
   */
  close(isHandedOver?: boolean): Promise<void>;
}

/** A listening socket that another process gets. What it gets is a descriptor of its own. */
export interface SharedSocket {
  /** Valid until `release`. For a child process, as one of its `stdio`. */
  readonly descriptor: number;
  /** The same socket as a handle of Node's, for `process.send`. */
  readonly handle: object;
  /** To be called when the other process has it. The listener goes on until it is closed. */
  release(): void;
}

/** How a transport connects to an address. */
export interface DialOptions {
  /** Address to bind before connecting; port 0 lets the kernel choose. */
  readonly local?: SockAddr;
  /**
   * `local` may be an address that is not this machine's (IP_TRANSPARENT). Only for a transport whose
   * {@link Transport.transparentProblem} says that there is none.
   */
  readonly transparent?: boolean;
}

/**
 * The one way to sockets. Implementations: `node` (everywhere), `memory` (tests, stacking), `epoll` (Linux).
 * All pass one conformance suite (`transport-suite.ts` in `test/`).
 */
export interface Transport {
  readonly name: string;
  /**
   * Asks the system whether this process may dial from addresses that are not this machine's
   * ({@link DialOptions.transparent}): one sentence that says what is missing, or undefined when nothing is. A transport
   * without this method never can.
   */
  transparentProblem?(): string | undefined;
  /**
   * Whether `address` belongs to this machine now, so that a listener on all addresses accepts connections to it. True
   * when in doubt; a transport without this method counts as always in doubt.
   */
  isOwnAddress?(address: InetAddr): boolean;
  /**
   * Connects to `remote`. `settle` is called exactly once, later: with the connection (paused, owned by the
   * caller from then on) or with the error, after which nothing is left open. The returned function cancels:
   * the attempt is dropped and `settle` is not called any more; after `settle` it does nothing.
   * It has no timeout: the caller bounds the wait by cancelling.
   */
  connect(
    remote: SockAddr,
    options: DialOptions,
    settle: (error: Error | undefined, connection?: Connection) => void,
  ): () => void;
  /**
   * Binds and listens. Each accepted connection is handed to `accept`, paused, and is its to own.
   * Rejects with a {@link ProxyError} that says which address and why.
   */
  listen(bind: SockAddr, options: ListenOptions, accept: Accept): Promise<TransportListener>;
  /**
   * Accepts on a listening socket that this process has got from another one, and owns it from the call on. Rejects with a
   * {@link ProxyError} if the descriptor is none; then it is closed. A transport without this method cannot.
   */
  adopt?(descriptor: number, options: AdoptOptions, accept: Accept): Promise<TransportListener>;
}

function ignore(): void {}

/** Handles a connection that was destroyed, or is about to be. */
export const ignoreEvents: ConnectionHandler = { data: ignore, drained: ignore, ended: ignore, closed: ignore };
