import { type DiscoveredServer, ProxyError, type ServerDiscovery, type Session } from '@inband/core';
import type { NamingDeps } from './named-servers.ts';
import { forSession, pauseAfter } from './renewal.ts';
import { type ListedServer, ServerSet } from './server-set.ts';
import type { KnownServer, ServerSource } from './server-source.ts';

/** Milliseconds that a session waits for the first answer. */
const LONGEST_WAIT = 10_000;
/** A discovery that goes on for so many milliseconds after its first answer is sound: what was before does not count any more. */
const SOUND_AFTER = 30_000;

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
  /** Ends and failures in a row. */
  #failures = 0;
  /** When the discovery that runs gave its first answer, in milliseconds. */
  #answeredAt: number | undefined = undefined;
  /** The log says that it fails now. */
  #isTold = false;
  /** Why it has failed, as was told last. */
  #told: string | undefined = undefined;
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
      this.#answeredAt = undefined;
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
    if (this.#isTold || this.#fault !== undefined) {
      this.#deps.logger.info({ setting: this.#setting, servers: found.length }, 'servers of a pool are found again');
    }
    this.#answeredAt ??= performance.now();
    this.#isTold = false;
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
    const answeredAt = this.#answeredAt;
    if (answeredAt !== undefined && performance.now() - answeredAt >= SOUND_AFTER) this.#forget();
    this.#failures += 1;
    const why = error instanceof Error ? error.message : String(error);
    // One that answers and fails in the same way each time is told once.
    const isNews = answeredAt === undefined || why !== this.#told;
    if (!this.#isTold && isNews) {
      this.#tell('servers of a pool cannot be found', why);
      this.#isTold = true;
      this.#told = why;
    }
    this.#rejectFirst(why);
  }

  #forget(): void {
    this.#failures = 0;
    this.#told = undefined;
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
