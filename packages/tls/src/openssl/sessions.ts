import type { OpenSsl, SessionPointer, SslPointer } from './calls.ts';

/** Servers whose session a client context keeps at most. */
const MOST = 256;

interface KeptSession {
  readonly session: SessionPointer;
  /** When the first certificate of the server's chain expires, in milliseconds as of `Date.now`. */
  readonly until: number;
}

/**
 * The sessions of one client context, the last one of each server, the longest unused one goes first. It owns them. OpenSSL verifies a chain
 * when a session begins and not when it is resumed, so none is resumed whose chain has expired since.
 */
export class SessionCache {
  readonly #calls: OpenSsl;
  /** False: chains are not verified, and so do not matter. */
  readonly #verifies: boolean;
  readonly #kept = new Map<string, KeptSession>();

  constructor(calls: OpenSsl, verifies: boolean) {
    this.#calls = calls;
    this.#verifies = verifies;
  }

  /** Keeps the session of a connection, if there is one that can be resumed. */
  keep(ssl: SslPointer, key: string): void {
    const until = this.#endOf(ssl, key);
    if (until === undefined) return;
    const session = this.#calls.takeSession(ssl);
    if (session === undefined) return;
    this.#forget(key);
    this.#kept.set(key, { session, until });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#forget(oldest);
  }

  /** Undefined if it is not known: the connection has resumed a session that is not kept any more. */
  #endOf(ssl: SslPointer, key: string): number | undefined {
    if (!this.#verifies) return Infinity;
    const life = this.#calls.chainLifeOf(ssl);
    return life === undefined ? this.#kept.get(key)?.until : Date.now() + life;
  }

  /** Has a new connection resume what was kept for its server. */
  resume(ssl: SslPointer, key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    if (kept.until <= Date.now()) return this.#forget(key);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    this.#calls.setSession(ssl, kept.session);
  }

  clear(): void {
    for (const key of this.#kept.keys()) this.#forget(key);
  }

  #forget(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#calls.freeSession(kept.session);
  }
}
