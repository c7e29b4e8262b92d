import type { Connection } from '../../base/connection.ts';
import { LinkedList, type LinkedListElement } from '../../base/linked-list.ts';

/** An idle server connection, as {@link IdleServers} needs it. Times are on the clock of the timeouts. */
export interface IdleServer<T> extends LinkedListElement<T> {
  readonly connection: Connection;
  /** The id of the client connection that used it last. */
  readonly lastClient: number;
  /** When it became idle. */
  readonly idleSince: number;
  /** When its server may close it. */
  readonly keptUntil: number;
  /** Milliseconds that its dial took. */
  readonly roundTrip: number;
  /** When it has been silent for long enough to serve another client. */
  quietAt: number;
}

/** Milliseconds of silence, beside a round trip, after which an acknowledged server sends no unsolicited answer any more. */
const QUIET = 2;
/** The same where the system delays the acknowledgement: Linux for up to 40 ms. */
const QUIET_UNACKNOWLEDGED = 50;
/** Connections that are acknowledged at one time when none is quiet; else one for each that is acquired. */
const ACKNOWLEDGED_AT_ONCE = 16;

/**
 * The idle connections of one group. A server may send an unsolicited answer, which would be taken for the answer to the next
 * request; and it may hold it back until the answer before is acknowledged (Nagle's algorithm). So a
 * connection is reserved for the client that used it last (`recent`) until it was silent for a moment (`quiet`).
 *
 * An acknowledgement costs a system call and a packet. It is sent only when other clients ask for a connection, one for each
 * that does, because a client that reuses its own connection acknowledges by its next request.
 */
export class IdleServers<T extends IdleServer<T>> {
  readonly #recent = new LinkedList<T>();
  readonly #quiet = new LinkedList<T>();
  /** Milliseconds of the shortest dial so far, which is the best estimate of the round trip. */
  #roundTrip = Infinity;
  /** The oldest recent connection that is not acknowledged. All newer ones are not, either. */
  #unacknowledged: T | undefined = undefined;
  /** Milliseconds instead of those above. */
  readonly #quietTime: number | undefined;
  length = 0;

  constructor(quietTime: number | undefined) {
    this.#quietTime = quietTime;
  }

  /** Adds a connection that has just become idle. */
  add(server: T): void {
    server.quietAt = server.idleSince + (this.#quietTime ?? QUIET_UNACKNOWLEDGED);
    if (server.roundTrip < this.#roundTrip) this.#roundTrip = server.roundTrip;
    this.#recent.add(server);
    this.#unacknowledged ??= server;
    this.length += 1;
  }

  remove(server: T): void {
    if (server.list === undefined) return;
    if (server.list === this.#recent) this.#removeRecent(server);
    else this.#quiet.remove(server);
    this.length -= 1;
  }

  /** The connection that became idle last, if `client` used it last. */
  lastOf(client: number): T | undefined {
    const { newest } = this.#recent;
    return newest !== undefined && newest.lastClient === client ? newest : undefined;
  }

  /** The last used connection that has been silent for long enough. */
  newestQuiet(now: number): T | undefined {
    for (let due = this.#recent.oldest; due !== undefined && due.quietAt <= now; due = this.#recent.oldest) {
      this.#removeRecent(due);
      this.#quiet.add(due);
    }
    return this.#quiet.newest;
  }

  /**
   * Called when another client asks: acknowledges one more connection, or several if none is quiet, so that they are quiet
   * soon. So few connections serve many clients that come one after another.
   */
  acknowledgeMore(now: number): void {
    if (this.#quietTime !== undefined) return;
    let left = this.#quiet.newest === undefined ? ACKNOWLEDGED_AT_ONCE : 1;
    for (let next = this.#unacknowledged; next !== undefined && left > 0; next = this.#unacknowledged) {
      if (next.connection.acknowledge === undefined) return;
      next.connection.acknowledge();
      next.quietAt = Math.min(next.quietAt, now + QUIET + this.#roundTrip);
      this.#unacknowledged = next.newer;
      left -= 1;
    }
  }

  #removeRecent(server: T): void {
    if (this.#unacknowledged === server) this.#unacknowledged = server.newer;
    this.#recent.remove(server);
  }

  /** The least recently used connection. */
  get oldest(): T | undefined {
    return this.#quiet.oldest ?? this.#recent.oldest;
  }
}
