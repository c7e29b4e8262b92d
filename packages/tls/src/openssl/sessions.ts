import type { OpenSsl, SessionPointer, SslPointer } from './calls.ts';

/** Servers whose session a client context keeps at most. */
const MOST = 256;

/** The sessions of one client context, the last one of each server, the longest unused one goes first. It owns them. */
export class SessionCache {
  readonly #calls: OpenSsl;
  readonly #sessions = new Map<string, SessionPointer>();

  constructor(calls: OpenSsl) {
    this.#calls = calls;
  }

  /** Keeps the session of a connection, if there is one that can be resumed. */
  keep(ssl: SslPointer, key: string): void {
    const session = this.#calls.takeSession(ssl);
    if (session === undefined) return;
    this.#forget(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MOST && oldest !== undefined) this.#forget(oldest);
  }

  /** Has a new connection resume what was kept for its server. */
  resume(ssl: SslPointer, key: string): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    this.#calls.setSession(ssl, session);
  }

  clear(): void {
    for (const key of this.#sessions.keys()) this.#forget(key);
  }

  #forget(key: string): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    this.#sessions.delete(key);
    this.#calls.freeSession(session);
  }
}
