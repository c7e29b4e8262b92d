import type { Logger, Topic } from '@inband/core';
import { type Store, StoreUnavailable, type Watch } from '@inband/store';
import { type Hints, parseHints, worthTelling } from './hints.ts';

/** The key in the store. */
const KEY = 'hints';
/** Milliseconds for which a hint counts, and for which none of the same server is written again. */
export const HINT_TTL = 30_000;
/** Servers of which this machine waits to tell others. */
const MOST_WAITING = 256;
/** Milliseconds until it tells them, and until it tries again because others have written at the same time, or the store has not answered: at random, so that they do not meet again. */
const LEAST_WAIT = 500;
const SPREAD = 1_000;
/** How often it tries. */
const TRIES = 4;

export interface PoolHintsDeps {
  readonly store: Pick<Store, 'get' | 'put' | 'time' | 'watch'>;
  /** The name of this machine in the cluster. */
  readonly member: string;
  /** Servers that this machine has taken out, by its own findings. */
  readonly suspects: Topic;
  /** Servers that other machines have. */
  readonly hints: Topic;
  readonly logger: Pick<Logger, 'debug'>;
  readonly random?: () => number;
}

/**
 * Tells other machines which servers of pools have failed here, and hears it of them. A hint counts when two machines have given it, and only
 * hastens a check of one's own. Nobody writes it any more then, so that an outage that thousand machines see is written a few times, and
 * each machine writes once in half a second at most.
 */
export class PoolHints {
  readonly #deps: Required<PoolHintsDeps>;
  readonly #waiting = new Set<string>();
  /** What was stored when that was seen last, and when hints of it were seen first, on the clock of `performance.now`. */
  #known: Hints = {};
  readonly #since = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #tries = 0;
  #watch: Watch | undefined = undefined;
  #isClosed = false;

  constructor(deps: PoolHintsDeps) {
    this.#deps = { random: Math.random, ...deps };
    deps.suspects.follow((server) => this.#suspect(server));
  }

  /** Whether there are checks here that a hint could hasten. Others need not follow what is stored. */
  listen(isWanted: boolean): void {
    if (this.#isClosed || isWanted === (this.#watch !== undefined)) return;
    this.#watch?.stop();
    this.#watch = isWanted ? this.#deps.store.watch(KEY, (entry) => this.#see(parseHints(entry?.value))) : undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.stop();
    clearTimeout(this.#timer);
  }

  #suspect(server: string): void {
    if (this.#isClosed || this.#waiting.size >= MOST_WAITING || !this.#isNews(server)) return;
    this.#waiting.add(server);
    this.#flushSoon();
  }

  #isNews(server: string): boolean {
    const since = this.#since.get(server);
    if (since === undefined || performance.now() - since >= HINT_TTL) return true;
    return worthTelling(this.#known[server], this.#deps.member);
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => void this.#flush(), LEAST_WAIT + SPREAD * this.#deps.random()).unref();
  }

  async #flush(): Promise<void> {
    const servers = [...this.#waiting];
    const isDone = await this.#write(servers).catch((error: unknown) => {
      this.#deps.logger.debug({ err: error }, 'other machines were not told which servers have failed');
      return error instanceof StoreUnavailable && error.reason === 'closed';
    });
    this.#timer = undefined;
    this.#tries = isDone ? 0 : this.#tries + 1;
    if (isDone || this.#tries >= TRIES) for (const server of servers) this.#waiting.delete(server);
    if (this.#waiting.size > 0 && !this.#isClosed) this.#flushSoon();
  }

  /** Resolves with false if others have written at the same time. */
  async #write(servers: readonly string[]): Promise<boolean> {
    const { store, member } = this.#deps;
    const [entry, now] = await Promise.all([store.get(KEY), store.time()]);
    const before = parseHints(entry?.value);
    this.#see(before);
    // One that is to come was told by another clock, or by somebody else.
    const alive = Object.entries(before).filter(([, { at }]) => Math.abs(now - at) < HINT_TTL);
    const after: Record<string, Hints[string]> = Object.fromEntries(alive);
    let isChanged = false;
    for (const server of servers) {
      const hint = after[server];
      if (!worthTelling(hint, member)) continue;
      if (hint === undefined && Object.keys(after).length >= MOST_WAITING) continue;
      after[server] = hint === undefined ? { by: [member], at: now } : { ...hint, by: [...hint.by, member] };
      isChanged = true;
    }
    if (!isChanged) return true;
    const options = { ifRevision: entry?.revision ?? null, ttl: 2 * HINT_TTL };
    const { written } = await store.put(KEY, JSON.stringify(after), options);
    if (written) this.#see(after);
    return written;
  }

  /** Passes on the hints that count since this look, and that others have given. */
  #see(hints: Hints): void {
    const { member, hints: topic } = this.#deps;
    for (const [server, { by, at }] of Object.entries(hints)) {
      const before = this.#known[server];
      if (before?.at !== at) this.#since.set(server, performance.now());
      const isNew = before?.at !== at || before.by.length < 2;
      if (isNew && by.length >= 2 && !by.includes(member)) topic.tell(server, by.length, HINT_TTL);
    }
    for (const server of this.#since.keys()) if (hints[server] === undefined) this.#since.delete(server);
    this.#known = hints;
  }
}
