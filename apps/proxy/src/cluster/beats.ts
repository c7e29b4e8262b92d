import type { Logger } from '@inband/core';
import type { Store } from '@inband/store';
import { clockDifference } from './clock-difference.ts';
import { KnownMembers } from './known-members.ts';
import { OwnName } from './own-name.ts';

/** Milliseconds between two beats. A member that misses three is not there any more. */
const EVERY = 10_000;
/** Milliseconds until a beat because something has changed, so that several changes are one, and until one after a beat that failed. */
const SOON = 100;
const AGAIN = 500;

interface BeatsDeps {
  readonly store: Store;
  readonly logger: Logger;
  /** The name of this member. */
  readonly member: string;
  /** Of this process, among all that have ever been. */
  readonly mark: string;
  /** Called when it is found that another program has the same name, and when that is over. */
  readonly onName: (isTaken: boolean) => void;
  /** What is said of it, as JSON. */
  readonly info: () => string;
  /** Where the number of members is remembered: `cluster.state`. */
  readonly folder: string | undefined;
  /** Called when another number of members is known. */
  readonly onMembers: (members: number) => void;
}

/**
 * Says that this member lives, every ten seconds and soon after something has changed, and learns how many there are. While the store is away,
 * what was known last stays so.
 */
export class Beats {
  readonly #deps: BeatsDeps;
  readonly #known: KnownMembers | undefined;
  readonly #name: OwnName;
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined = undefined;
  #members = 1;
  #clock: number | undefined = undefined;
  #failing: { readonly since: number; readonly why: string } | undefined = undefined;
  #isOver = false;

  /** Begins. */
  static async begin(deps: BeatsDeps): Promise<Beats> {
    const known = deps.folder === undefined ? undefined : new KnownMembers(deps.folder, deps.logger);
    return new Beats(deps, known, (await known?.read()) ?? 1);
  }

  private constructor(deps: BeatsDeps, known: KnownMembers | undefined, members: number) {
    this.#deps = deps;
    this.#known = known;
    this.#members = members;
    this.#name = new OwnName(deps.store, deps.member, deps.mark);
    this.#timer = setInterval(() => void this.#beatAndLook(), EVERY).unref();
    // Not at once, because the connection is only being made.
    this.soon();
  }

  /** Members that live, as far as it is known. This one is among them. */
  get members(): number {
    return this.#members;
  }

  /** Milliseconds by which the clock of this machine was ahead of that of the store at the last beat. Undefined before there was an answer. */
  get clock(): number | undefined {
    return this.#clock;
  }

  /** Since when each beat has failed (milliseconds since 1970), and why. Undefined: the last one has not, or there was none. */
  get failing(): { readonly since: number; readonly why: string } | undefined {
    return this.#failing;
  }

  /** Something has changed of what is said. */
  soon(): void {
    this.#in(SOON);
  }

  /** A successor beats from now on, which is the same member. */
  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  /** This member ends, and others are told at once, if the store answers. */
  async leave(): Promise<void> {
    if (this.#isOver) return;
    this.end();
    await this.#deps.store.leave(this.#deps.member).catch(() => undefined);
  }

  #in(milliseconds: number): void {
    if (this.#isOver || this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.#beat();
    }, milliseconds).unref();
  }

  async #beatAndLook(): Promise<void> {
    await this.#beat();
    const { isTaken } = this.#name;
    // While the store is away, what was known last stays so.
    if (!this.#isOver) await this.#name.look().catch(() => undefined);
    if (this.#name.isTaken !== isTaken) this.#deps.onName(!isTaken);
  }

  async #beat(): Promise<void> {
    const { store, logger, member, info } = this.#deps;
    try {
      this.#clock = await clockDifference(store);
      // It may have left meanwhile, and would live again.
      if (this.#isOver) return;
      this.#learn(Math.max(1, await store.beat(member, info())));
      this.#failing = undefined;
    } catch (error) {
      this.#failing = { since: this.#failing?.since ?? Date.now(), why: messageOf(error) };
      logger.debug({ err: error }, 'the store was not told that this member lives');
      this.#in(AGAIN);
    }
  }

  #learn(members: number): void {
    if (members === this.#members) return;
    this.#members = members;
    void this.#known?.write(members);
    this.#deps.onMembers(members);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
