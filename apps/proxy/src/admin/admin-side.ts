import type { AdminOptions } from '@inband/admin';
import { type Logger, toProxyError } from '@inband/core';
import { isDeepStrictEqual } from 'node:util';
import { errorsOf } from '../config/problem/placed.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import type { ShownMetrics } from '../metrics/show/metrics-view.ts';
import type { AdminThread } from './admin-thread.ts';
import type { AdminOwner } from './owner.ts';

/** Milliseconds that a server which is not wanted any more has for the answers that are on their way: one is that of the reload. */
const LAST_ANSWERS = 1_000;

/** A server that listens, and what it was started with. */
interface Listening {
  readonly options: AdminOptions;
  readonly thread: AdminThread;
}

/** What a reload makes of the admin side. Either `commit` or `abandon` is to be called. */
interface Change {
  commit(): void;
  abandon(): void;
}

const NO_CHANGE: Change = { commit: () => undefined, abandon: () => undefined };

/** The admin side of a process: none, or one server. A reload may change everything of it. What a server needs is loaded with the first one. */
export class AdminSide {
  readonly #owner: AdminOwner;
  readonly #logger: Logger;
  readonly #metrics: ShownMetrics | undefined;
  /** Names of tokens that are refused. */
  #revoked: readonly string[] = [];
  #current: Listening | undefined = undefined;
  /** Servers that are about to be closed. */
  readonly #leaving = new Map<AdminThread, NodeJS.Timeout>();
  /** Servers that do not listen yet. */
  readonly #starting = new Set<AdminThread>();
  /** Whether another process may have the address from now on. */
  #isClosed = false;

  /** `metrics`: what is counted; undefined where nothing is. */
  constructor(owner: AdminOwner, logger: Logger, metrics?: ShownMetrics) {
    this.#metrics = metrics;
    this.#owner = owner;
    this.#logger = logger;
  }

  /** Starts the server, if there is to be one. Rejects with a `ConfigError` if it cannot listen. */
  async start({ admin }: Config, source: ConfigSource): Promise<void> {
    if (admin === undefined) return;
    try {
      const listening = await this.#listen(await settingsOf(admin, source), source);
      this.#replace(listening);
    } catch (error) {
      if (!this.#isClosed) throw error;
    }
  }

  /**
   * Runs a reload, and changes with it if it succeeds. Rejects with a `ConfigError` if the admin side cannot change, without running
   * the reload.
   */
  async during<Result>({ admin }: Config, source: ConfigSource, reload: () => Promise<Result>): Promise<Result> {
    const next = admin === undefined ? undefined : await settingsOf(admin, source);
    const change = await this.#prepare(next, source);
    try {
      const result = await reload();
      change.commit();
      return result;
    } catch (error) {
      change.abandon();
      throw error;
    }
  }

  async #prepare(next: AdminOptions | undefined, source: ConfigSource): Promise<Change> {
    const current = this.#current;
    if (next === undefined) return current === undefined ? NO_CHANGE : { ...NO_CHANGE, commit: () => this.#replace() };
    if (current !== undefined && isSamePlace(current.options, next)) {
      const commit = (): void => {
        this.#current = { options: next, thread: current.thread };
        current.thread.configure(next);
      };
      return { ...NO_CHANGE, commit };
    }
    if (current !== undefined && isBoundBy(current.options, next))
      throw errorsOf(source, [{ path: ['admin'], message: BOUND_OTHERWISE }]);
    const listening = await this.#listen(next, source);
    return { commit: () => this.#replace(listening), abandon: () => void listening.thread.close() };
  }

  async #listen(options: AdminOptions, source: ConfigSource): Promise<Listening> {
    const [{ AdminThread: Thread }, { AdminHost }] = await Promise.all([
      import('./admin-thread.ts'),
      import('./admin-host.ts'),
    ]);
    if (this.#isClosed) throw errorsOf(source, [{ path: [], message: 'the program is stopping.' }]);
    const host = new AdminHost({ owner: this.#owner, options: () => this.#current?.options });
    const [logger, metrics, revoked] = [this.#logger, this.#metrics, this.#revoked];
    const thread = new Thread({ options, revoked, host, logger, metrics });
    this.#starting.add(thread);
    try {
      const address = await thread.start();
      this.#logger.info({ address }, 'the admin server listens');
      return { options, thread };
    } catch (error) {
      throw errorsOf(source, [{ path: ['admin', 'bind'], message: toProxyError(error).message }]);
    } finally {
      this.#starting.delete(thread);
    }
  }

  #replace(next?: Listening): void {
    if (this.#isClosed) return void next?.thread.close();
    const thread = this.#current?.thread;
    this.#current = next;
    if (thread === undefined) return;
    const leave = (): void => {
      this.#leaving.delete(thread);
      void thread.close();
    };
    this.#leaving.set(thread, setTimeout(leave, LAST_ANSWERS).unref());
  }

  /** Refuses these tokens from now on, by their names, and no others. */
  revoke(names: readonly string[]): void {
    this.#revoked = names;
    for (const thread of [this.#current?.thread, ...this.#starting]) thread?.revoke(names);
  }

  /** Closes every connection. No server is started any more: a reload that would need one is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const threads = [...this.#leaving.keys(), ...this.#starting];
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    if (this.#current !== undefined) threads.push(this.#current.thread);
    this.#leaving.clear();
    this.#current = undefined;
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

const BOUND_OTHERWISE =
  'a reload cannot change the file of a socket, or TLS, where an address stays; restart, or take another address.';

async function settingsOf(admin: NonNullable<Config['admin']>, source: ConfigSource): Promise<AdminOptions> {
  const { adminSettings } = await import('./admin-settings.ts');
  return adminSettings(admin, source);
}

/** Whether one server can become the other while it listens. */
function isSamePlace(one: AdminOptions, other: AdminOptions): boolean {
  return isDeepStrictEqual(one.listen, other.listen) && (one.tls === undefined) === (other.tls === undefined);
}

/** Whether both bind the same address, which is possible only once. */
function isBoundBy({ listen: one }: AdminOptions, { listen: other }: AdminOptions): boolean {
  if ('path' in one || 'path' in other) return 'path' in one && 'path' in other && one.path === other.path;
  return one.port === other.port && one.host === other.host && one.port !== 0;
}
