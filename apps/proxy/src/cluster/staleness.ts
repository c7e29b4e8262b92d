/** Something that is stale. */
export interface StaleNow {
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly why: string;
}

/** What members share of which each is on its own while the store is away. */
export type SharedKind = 'limits' | 'logins' | 'tickets' | 'certificates';

/** What of a member is stale although the store answers, and since when. Each part says it of its own. */
export class Staleness {
  readonly #all = new Map<string, StaleNow>();

  get all(): readonly StaleNow[] {
    return [...this.#all.values()];
  }

  /** `why`: one sentence; undefined: it is not stale any more. */
  set(what: 'configuration' | 'name', why: string | undefined): void {
    if (why === undefined) this.#all.delete(what);
    else this.#all.set(what, { what, since: this.#all.get(what)?.since ?? Date.now(), why });
  }
}
