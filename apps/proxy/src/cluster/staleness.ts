/** What a member may have only as it was last known. Limits are beside these: they are stale whenever the store is away. */
export type StaleKind = 'configuration' | 'tickets' | 'certificates' | 'logins' | 'name';

/** Something that is stale. */
export interface StaleNow {
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly why: string;
}

/** What of a member is stale, and since when. Each part says it of its own. */
export class Staleness {
  readonly #all = new Map<StaleKind, StaleNow>();

  get all(): readonly StaleNow[] {
    return [...this.#all.values()];
  }

  /** `why`: one sentence; undefined: it is not stale any more. */
  set(what: StaleKind, why: string | undefined): void {
    if (why === undefined) this.#all.delete(what);
    else this.#all.set(what, { what, since: this.#all.get(what)?.since ?? Date.now(), why });
  }
}
