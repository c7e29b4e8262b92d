import type { InetAddr, SockAddr } from './address.ts';

/**
 * What the owner of a {@link Connection} hears from it. Every call comes from the event loop, never from
 * within a call that the owner itself made on the connection.
 */
export interface ConnectionHandler {
  /**
   * Bytes from the peer: `bytes[start..end)`. They are valid only during this call; whoever needs them later
   * copies them. A handler may call anything on the connection from here, `pause` and `destroy` included.
   */
  data(bytes: Buffer, start: number, end: number): void;
  /** Everything written has left for the kernel, after a `write` that returned false. */
  drained(): void;
  /**
   * After a {@link Connection.forward}: so many bytes have gone straight to the other connection. Not called by
   * transports that cannot forward.
   */
  forwarded?(bytes: number): void;
  /** The peer finished sending (FIN). The other direction stays open until `end` or `destroy`. No more `data`. */
  ended(): void;
  /**
   * The last call, exactly once, also after the owner's own `destroy`: the socket is closed, nothing of it remains.
   * `error` says why when it was not an orderly end (errno errors are already {@link ProxyError}s).
   */
  closed(error?: Error): void;
}

/**
 * A connected stream of bytes, whatever carries it. It has one owner at a time: whoever last set `handler`.
 *
 * It starts paused: nothing is delivered before the first `resume`. After `closed` every call is a no-op.
 */
export interface Connection {
  /** Of a connection that was made from here it may not be known any more once that is closed: then `0.0.0.0:0`. */
  readonly local: SockAddr;
  readonly remote: SockAddr;
  /** Where events go. Setting it hands the connection over to a new owner. */
  handler: ConnectionHandler;
  /**
   * Sends `bytes[start..end)`. They are sent or copied before this returns, so the caller may reuse the memory.
   * Returns whether the peer keeps up; after false, `drained` follows once (unless the connection closes first).
   * Writing on anyway is allowed and grows the queue. After `end`, `destroy` or an error it does nothing.
   */
  write(bytes: Uint8Array, start?: number, end?: number): boolean;
  /**
   * Whether writes of one event-loop iteration are coalesced, so that callers need not join small ones.
   */
  readonly joinsWrites?: boolean;
  /** Whether something has come, bytes or an end, that was not delivered yet. A transport may not know. */
  readonly pending?: boolean;
  /**
   * Acknowledges received bytes at once (TCP_QUICKACK). Bytes that the peer holds back until then, by Nagle's algorithm, follow within a
   * round trip. A transport without it leaves the acknowledgement to the system, which takes up to 40 ms.
   */
  acknowledge?(): void;
  /**
   * Whether bytes or an end had arrived by the time of this event-loop iteration (`iterationTime`). Asks the system if necessary, while
   * `pending` tells only what this connection was notified of.
   */
  hasNews?(): boolean;
  /** Bytes written and not yet taken by the kernel. */
  readonly queued: number;
  /** Stops delivery of `data` and `ended`. May be called at any time, repeatedly. */
  pause(): void;
  /** Starts or continues delivery; events come later, not from within this call. */
  resume(): void;
  /**
   * Asks the transport to carry everything that arrives from now on straight to `to`, at the pace that `to` takes it.
   * Returns false when it cannot, and then nothing changes. After true there is no `data` any more: `forwarded` tells
   * the progress, `ended` comes when all bytes have reached `to`, `pause` and `resume` go on working, and the owner, who
   * must own both, writes nothing to `to` until then. With `bytes` it is for so many of them; what follows is `data`
   * again. The transport may give up before that, and deliver the rest as `data`; it does when `to` closes.
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
   * Several sockets, of several processes, may listen on this address at once, if all of them say so (SO_REUSEPORT);
   * the kernel spreads new connections over them. It is the caller's to know that nobody else does: another program
   * of the same user that says so too would get its share. A system without it rejects. Unix sockets and the memory
   * transport have no such thing and ignore it.
   */
  readonly reusePort?: boolean;
  /**
   * Connections arrive here that were on their way to somewhere else, and {@link Accept} hears where. `redirect`: a
   * packet filter changed their destination and remembers it (REDIRECT). `tproxy`: they keep their destination, which is
   * the local address of the connection then (TPROXY); the process must have the privilege for it. A connection that was
   * made to the listener itself leads nowhere but back, so it is reset at once and `accept` never sees it. Only the
   * `epoll` transport can; the others reject.
   */
  readonly transparent?: Interception;
  /** Counts what is accepted, and says when to wait with it. The memory transport ignores it: it has nothing that runs out. */
  readonly gate?: AcceptGate;
  /** Who may connect to a unix socket, from the first moment on at which anybody can. Not for one without a file. */
  readonly file?: SocketFileAccess;
  /** With `transparent`: hears of each connection that was made to the listener itself. Must not throw. */
  readonly onDirect?: (direct: DirectConnection) => void;
}

/** What a listener asks before it accepts, and tells of every connection. All listeners of a proxy share one. */
export interface AcceptGate {
  /** There is no room: whoever comes waits, unaccepted, if the transport can have that. */
  readonly isFull: boolean;
  /** Called for each accepted connection before it is handed over. */
  enter(connection: Connection): void;
  /** Called once for each that entered, when its socket is closed. */
  leave(connection: Connection): void;
  /** Has `resume` called once, when there is room again; from within whoever closed a connection. */
  whenFree(resume: () => void): void;
  noLongerWaiting(resume: () => void): void;
  /** Descriptors have run out though there would be room. */
  exhausted(): void;
}

/** The access to the file of a unix socket. What is left out is as the system makes it, by the umask and the process. */
export interface SocketFileAccess {
  /** As of chmod(2): connecting takes the permission to write. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** How intercepted connections arrive: see {@link ListenOptions.transparent}. */
export type Interception = 'redirect' | 'tproxy';

/** A connection that a transparent listener refused, since it was made to the listener itself. */
export interface DirectConnection {
  /** Where the client is. */
  readonly remote: SockAddr;
  /** Where it reached us. */
  readonly local: SockAddr;
  /** Where it was going. Undefined if the kernel does not know of any other place than `local`. */
  readonly destination: SockAddr | undefined;
}

/** Takes over an accepted connection, paused. `originalDestination` is where an intercepted client was going. */
export type Accept = (connection: Connection, originalDestination?: SockAddr) => void;

/** A socket that listens. Whoever was given it closes it. */
export interface TransportListener {
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  /**
   * Of a unix socket with a file: whether that file still is where it was bound. Without it no client gets here. True once
   * the listener is closed.
   */
  isFileThere?(): boolean;
  /**
   * Stops accepting, after those who wait in the kernel's queue. Accepted connections live on. Resolves when the socket is
   * closed.
   */
  close(): Promise<void>;
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
   * Whether `address` is one of this machine's own, as of now: what is sent there comes back to a listener on all
   * addresses. In doubt the answer is yes, and so it is for a transport without this method.
   */
  isOwnAddress?(address: InetAddr): boolean;
  /**
   * Connects to `remote`. `settle` is called exactly once, later: with the connection (paused, owned by the
   * caller from then on) or with the error, after which nothing is left open. The returned function cancels:
   * the attempt is dropped and `settle` is not called any more; after `settle` it does nothing.
   * There is no timeout in here; the caller bounds the wait by cancelling.
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
}

function ignore(): void {}

/** For a connection nobody is interested in any more (it was destroyed, or is about to be). */
export const ignoreEvents: ConnectionHandler = { data: ignore, drained: ignore, ended: ignore, closed: ignore };
