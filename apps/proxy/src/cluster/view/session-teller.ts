import type { Store, Watch } from '@inband/store';
import {
  LOOKED_FOR,
  LOOKING,
  type Published,
  type PublishedSession,
  type Sealing,
  sessionsKey,
  shareOf,
  thatFit,
  TOLD_EVERY,
} from './published-sessions.ts';

export interface SessionTellerDeps {
  readonly store: Store;
  /** The name of this member. */
  readonly member: string;
  readonly sealing: Sealing | undefined;
  /** How many members lived at the last beat. */
  readonly members: () => number;
  /** The longest sessions of this member, at most so many, and how many there are. */
  readonly sessions: (
    most: number,
  ) => Promise<{ readonly sessions: readonly PublishedSession[]; readonly total: number }>;
}

/** Tells the sessions of this member while somebody looks: when the first one does, and every ten seconds from then on. */
export class SessionTeller {
  readonly #deps: SessionTellerDeps;
  #watch: Watch | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isTelling = false;

  constructor(deps: SessionTellerDeps) {
    this.#deps = deps;
  }

  begin(): void {
    this.#watch ??= this.#deps.store.watch(LOOKING, (entry) => (entry === undefined ? this.#stop() : this.#start()));
  }

  close(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    this.#stop();
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#tell(), TOLD_EVERY).unref();
    void this.#tell();
  }

  /** What was told last is gone by itself. */
  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Nothing is told while the store is away, nor while what was told before is on its way. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const { store, member, members, sealing, sessions } = this.#deps;
    try {
      const found = await sessions(shareOf(members()));
      const text = JSON.stringify({
        at: Date.now(),
        total: found.total,
        sessions: thatFit(found.sessions),
      } satisfies Published);
      const key = sessionsKey(member);
      await store.put(key, sealing === undefined ? text : sealing.seal(key, text), { ttl: LOOKED_FOR });
    } catch {
      // Whoever looks sees that this member has told nothing.
    } finally {
      this.#isTelling = false;
    }
  }
}
