import { type DiscoveredServer, ProxyError, type ServerDiscovery, type Session } from '@inband/core';
import type { NamingDeps } from './named-servers.ts';
import { forSession, pauseAfter } from './renewal.ts';
import { type ListedServer, ServerSet } from './server-set.ts';
import type { KnownServer, ServerSource } from './server-source.ts';

/** Milliseconds that a session waits for the first answer. */
const LONGEST_WAIT = 10_000;

export interface DiscoveryDeps extends NamingDeps {
  /** Reads what was found. Throws an Error that says what is wrong with it. */
  readonly read: (found: readonly DiscoveredServer[]) => readonly ListedServer[];
}

/**
 * The servers that a discovery finds. What cannot be read is refused as a whole, and the last good answer is kept, also while the discovery
 * fails; it is begun again after a pause.
 */
export class DiscoveredServers implements ServerSource {
  readonly #discovery: ServerDiscovery;
  readonly #deps: DiscoveryDeps;
  readonly #setting: string;
  readonly #set: ServerSet;
  readonly #closing = new AbortController();
  /** Ends with the first answer or failure. Another one begins after a failure. */
  #first = Promise.withResolvers<void>();
  #isStarted = false;
  #isKnown = false;
  #failures = 0;
  /** What was wrong with the last answer. */
  #fault: string | undefined = undefined;

  constructor(discovery: ServerDiscovery, deps: DiscoveryDeps, setting: string) {
    this.#discovery = discovery;
    this.#deps = deps;
    this.#setting = setting;
    this.#set = new ServerSet(deps, () => setting);
    this.#first.promise.catch(ignored);
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#isKnown ? this.#set.servers : undefined;
  }

  follow(changed: () => void): void {
    this.#set.follow(changed);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#set.start();
    void this.#run();
  }

  async ready(session: Session): Promise<void> {
    if (this.servers !== undefined) return;
    this.start();
    if (!this.#isKnown) await forSession(session, this.#firstInTime());
    await this.#set.ready(session);
  }

  close(): void {
    this.#closing.abort();
    this.#set.close();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        for await (const found of this.#discovery.servers(signal)) this.#take(found);
        throw new Error('it has ended');
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
      }
      await pause(pauseAfter(this.#failures), signal);
    }
  }

  #take(found: readonly DiscoveredServer[]): void {
    if (this.#closing.signal.aborted) return;
    let listed: readonly ListedServer[];
    try {
      listed = this.#deps.read(found);
    } catch (error) {
      return this.#refuse(error instanceof Error ? error.message : String(error));
    }
    if (this.#failures > 0 || this.#fault !== undefined) {
      this.#deps.logger.info({ setting: this.#setting, servers: found.length }, 'servers of a pool are found again');
    }
    this.#failures = 0;
    this.#fault = undefined;
    this.#isKnown = true;
    this.#set.replace(listed);
    this.#first.resolve();
  }

  /** What was found cannot be used. The discovery goes on. */
  #refuse(why: string): void {
    if (this.#fault === why) return;
    this.#fault = why;
    this.#tell('what was found as servers of a pool cannot be used', why);
    this.#rejectFirst(why);
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const why = error instanceof Error ? error.message : String(error);
    if (this.#failures === 1) this.#tell('servers of a pool cannot be found', why);
    this.#rejectFirst(why);
  }

  #tell(what: string, why: string): void {
    const then = this.#isKnown ? 'the last ones stay in use' : 'it has none yet';
    this.#deps.logger.warn({ setting: this.#setting, why }, `${what}; ${then}`);
  }

  /** Sessions that wait fail, and later ones until something is found. */
  #rejectFirst(why: string): void {
    if (this.#isKnown) return;
    this.#first.reject(this.#unknown(`they cannot be found: ${why}`));
    this.#first = Promise.withResolvers<void>();
    this.#first.promise.catch(ignored);
  }

  async #firstInTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = this.#unknown(`nothing was found within ${LONGEST_WAIT / 1_000} s`);
      timer = setTimeout(() => reject(error), LONGEST_WAIT);
    });
    try {
      await Promise.race([this.#first.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #unknown(reason: string): ProxyError {
    const message = `The servers of the pool are not known yet: ${reason}.`;
    return new ProxyError('destination_unavailable', message, { setting: this.#setting, retryAfter: 1 });
  }
}

/** Resolves after so many milliseconds, or when the signal is aborted. It does not keep the process running. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds).unref();
    signal.addEventListener('abort', end);
  });
}

function ignored(): void {
  // It is told where it happens.
}
