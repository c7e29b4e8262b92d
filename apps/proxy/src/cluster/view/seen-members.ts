import type { MemberInfo } from '../member-info.ts';

/** Milliseconds for which a member that beats no more is still told. */
const REMEMBERED = 3_600_000;
/** Members that are gone and are told, at most. */
const MOST_GONE = 1_000;

/** A member as the store has it. */
export interface ReadMember {
  readonly name: string;
  readonly info: MemberInfo;
}

/** The same, as it was last known. */
export interface SeenMember extends ReadMember {
  readonly state: 'here' | 'unknown' | 'gone';
}

/** The members when they were last read. */
export interface Known {
  readonly members: readonly SeenMember[];
  /** When, as of `Date.now`; undefined: not yet. */
  readonly asOf: number | undefined;
}

/** The members of a cluster, those that were seen in the last hour and are gone included. They are read when somebody asks. */
export class SeenMembers {
  readonly #list: () => Promise<readonly ReadMember[]>;
  #here: readonly ReadMember[] = [];
  #asOf: number | undefined = undefined;
  readonly #gone = new Map<string, { readonly member: ReadMember; readonly until: number }>();

  /** `list` rejects where the store cannot be asked. */
  constructor(list: () => Promise<readonly ReadMember[]>) {
    this.#list = list;
  }

  /** Reads them. While the store cannot be asked they are as they were, and `unknown`. Never rejects. */
  async read(): Promise<Known> {
    const listed = await this.#list().catch(() => undefined);
    const now = Date.now();
    if (listed !== undefined) this.#replace(listed, now);
    const state = listed === undefined ? 'unknown' : 'here';
    const here = this.#here.map((member): SeenMember => ({ ...member, state }));
    const gone = Array.from(this.#gone.values(), ({ member }): SeenMember => ({ ...member, state: 'gone' }));
    return { members: [...here, ...gone], asOf: this.#asOf };
  }

  #replace(listed: readonly ReadMember[], now: number): void {
    const names = new Set(listed.map(({ name }) => name));
    for (const member of this.#here) {
      if (!names.has(member.name)) this.#gone.set(member.name, { member, until: now + REMEMBERED });
    }
    for (const [name, { until }] of this.#gone) if (names.has(name) || until <= now) this.#gone.delete(name);
    for (const name of [...this.#gone.keys()].slice(0, -MOST_GONE)) this.#gone.delete(name);
    this.#here = listed;
    this.#asOf = now;
  }
}
