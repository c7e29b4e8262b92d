import type { Connection } from '../../base/connection.ts';

/** An idle server connection, as {@link IdleServers} sees it. It keeps its own place in the order. */
export interface IdleServer<T> {
  readonly connection: Connection;
  /** The client connection that used it last, by its id. */
  readonly lastClient: number;
  /** When it became idle, and until when its server keeps it, on the clock of the timeouts. */
  readonly idleSince: number;
  readonly keptUntil: number;
  /** From the dial that made it, in milliseconds. */
  readonly roundTrip: number;
  /** When it has been quiet for long enough to serve another client. */
  quietAt: number;
  /** Undefined while it is not idle. */
  order: object | undefined;
  older: T | undefined;
  newer: T | undefined;
}

/** Idle connections in the order in which they came. Whichever leaves, none is searched or moved. */
export class Order<T extends IdleServer<T>> {
  newest: T | undefined = undefined;
  oldest: T | undefined = undefined;

  add(server: T): void {
    server.order = this;
    server.older = this.newest;
    if (this.newest === undefined) this.oldest = server;
    else this.newest.newer = server;
    this.newest = server;
  }

  remove(server: T): void {
    if (server.older === undefined) this.oldest = server.newer;
    else server.older.newer = server.newer;
    if (server.newer === undefined) this.newest = server.older;
    else server.newer.older = server.older;
    server.order = undefined;
    server.older = undefined;
    server.newer = undefined;
  }
}

/** Milliseconds without news, beside a round trip, after which nothing more is expected from a server that was acknowledged. */
const QUIET = 2;
/** The same where the system acknowledges when it likes to: Linux within 40 ms. */
const QUIET_UNACKNOWLEDGED = 50;
/** Connections that are acknowledged at once when there is no quiet one; else one for each that is taken. */
const AT_ONCE = 16;

/**
 * The idle connections to one server. An answer that nobody asked for would be taken for the answer to the next request,
 * and its server may hold it back until the answer before it is acknowledged (Nagle). So a connection is for the client
 * that used it last (`fresh`), and for others only after it was quiet for a moment (`quiet`).
 *
 * To acknowledge costs a call and a packet, so it is done only when other clients ask, once for each that does: a client that
 * goes on with its own connection acknowledges by its next request.
 */
export class IdleServers<T extends IdleServer<T>> {
  readonly #fresh = new Order<T>();
  readonly #quiet = new Order<T>();
  /** The shortest dial so far, in milliseconds: the others took longer for other reasons than the way. */
  #roundTrip = Infinity;
  /** The first of the fresh ones that have not been acknowledged; so are all behind it. */
  #untold: T | undefined = undefined;
  /** Instead of the above, in milliseconds. */
  readonly #quietTime: number | undefined;
  length = 0;

  constructor(quietTime: number | undefined) {
    this.#quietTime = quietTime;
  }

  /** It has just become idle. */
  add(server: T): void {
    server.quietAt = server.idleSince + (this.#quietTime ?? QUIET_UNACKNOWLEDGED);
    if (server.roundTrip < this.#roundTrip) this.#roundTrip = server.roundTrip;
    this.#fresh.add(server);
    this.#untold ??= server;
    this.length += 1;
  }

  remove(server: T): void {
    if (server.order === undefined) return;
    if (server.order === this.#fresh) this.#leaveFresh(server);
    else this.#quiet.remove(server);
    this.length -= 1;
  }

  /** The one that became idle last, if `client` used it last. */
  lastOf(client: number): T | undefined {
    const { newest } = this.#fresh;
    return newest !== undefined && newest.lastClient === client ? newest : undefined;
  }

  /** The last one that has been quiet for long enough. */
  quietest(now: number): T | undefined {
    for (let due = this.#fresh.oldest; due !== undefined && due.quietAt <= now; due = this.#fresh.oldest) {
      this.#leaveFresh(due);
      this.#quiet.add(due);
    }
    return this.#quiet.newest;
  }

  /**
   * Others ask for them: one more will be quiet as soon as can be, or several if none is. So few connections serve many clients
   * that come one after another, and those few are warm.
   */
  hurry(now: number): void {
    if (this.#quietTime !== undefined) return;
    let left = this.#quiet.newest === undefined ? AT_ONCE : 1;
    for (let next = this.#untold; next !== undefined && left > 0; next = this.#untold) {
      if (next.connection.acknowledge === undefined) return;
      next.connection.acknowledge();
      next.quietAt = Math.min(next.quietAt, now + QUIET + this.#roundTrip);
      this.#untold = next.newer;
      left -= 1;
    }
  }

  #leaveFresh(server: T): void {
    if (this.#untold === server) this.#untold = server.newer;
    this.#fresh.remove(server);
  }

  /** The one that was used longest ago. */
  get oldest(): T | undefined {
    return this.#quiet.oldest ?? this.#fresh.oldest;
  }

  all(): T[] {
    const all: T[] = [];
    for (const { oldest } of [this.#fresh, this.#quiet]) {
      for (let next = oldest; next !== undefined; next = next.newer) all.push(next);
    }
    return all;
  }
}
