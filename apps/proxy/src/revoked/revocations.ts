import type { Logger } from '@inband/core';
import { hasRoom, KEPT, knowsMore, mergeRevoked, type Revoked } from './revoked.ts';
import type { StoredRevoked } from './stored-revoked.ts';

/** Milliseconds after which what the store does not know yet is written again. */
const RETRY = 1_000;

export interface RevocationsDeps {
  readonly logger: Logger;
  /** Tells all processes of this machine that look at tokens what is revoked from now on. */
  readonly tell: (all: readonly Revoked[]) => void;
}

/** What is remembered on the disk of a member. Neither rejects. */
export interface RevokedCopy {
  read(): Promise<readonly Revoked[]>;
  write(all: readonly Revoked[]): Promise<void>;
}

/** What an operator says of a token. */
export interface Revocation {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly by: string;
}

/** What became of a revocation: `shared` where the store has it, `here` where this machine alone has it, `full` where there was no room. */
export type RevokedHow = 'shared' | 'here' | 'full';

/**
 * The tokens that are revoked: of this machine, and of all members where there is a store. What is revoked while the store is away is in force here at
 * once, and elsewhere when it is back. What a member knows is never lost by a store that was wiped, or has old data.
 */
export class Revocations {
  readonly #deps: RevocationsDeps;
  #store: StoredRevoked | undefined = undefined;
  #copy: RevokedCopy | undefined = undefined;
  #stop: (() => void) | undefined = undefined;
  #known: readonly Revoked[] = [];
  #retry: NodeJS.Timeout | undefined = undefined;

  constructor(deps: RevocationsDeps) {
    this.#deps = deps;
  }

  /** Shares them by a store from now on. */
  share(store: StoredRevoked): void {
    this.#store = store;
    this.#stop = store.watch((all) => this.#heard(all));
  }

  /** Remembers them on disk from now on. Resolves when those that were remembered are in force. */
  async remember(copy: RevokedCopy): Promise<void> {
    const remembered = await copy.read();
    this.#copy = copy;
    if (knowsMore(remembered, this.#known)) this.#use(mergeRevoked(this.#known, remembered));
  }

  /** The revocations that are in force. */
  get all(): readonly Revoked[] {
    const now = Date.now();
    return this.#known.filter(({ until, isRestored }) => until > now && !isRestored);
  }

  /** Refuses a token from now on. Never rejects. */
  async revoke({ name, until, by }: Revocation): Promise<RevokedHow> {
    const before = this.#changeOf(name);
    const revoked = { name, until, by, at: Date.now(), change: before + 1, isRestored: false };
    if (before === 0 && !hasRoom([...this.#known, revoked])) return 'full';
    this.#deps.logger.warn({ token: name, admin: by }, 'a token was revoked');
    return this.#set(revoked);
  }

  /** Takes that back. Undefined: it was not revoked. */
  async restore(name: string, by: string): Promise<RevokedHow | undefined> {
    const revoked = this.all.find((one) => one.name === name);
    if (revoked === undefined) return undefined;
    this.#deps.logger.warn({ token: name, admin: by }, 'a token is no longer revoked');
    return this.#set({ ...revoked, by, at: Date.now(), change: revoked.change + 1, isRestored: true });
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#stop?.();
    this.#store = undefined;
  }

  #changeOf(name: string): number {
    return this.#known.find((one) => one.name === name)?.change ?? 0;
  }

  async #set(revoked: Revoked): Promise<RevokedHow> {
    this.#use(mergeRevoked(this.#known, [revoked]));
    return (await this.#write()) ? 'shared' : 'here';
  }

  #heard(all: readonly Revoked[] | undefined): void {
    if (all === undefined) return this.#deps.logger.error({}, 'the revoked tokens of the store cannot be read');
    if (knowsMore(all, this.#known)) this.#use(mergeRevoked(this.#known, all));
    if (knowsMore(this.#known, all)) void this.#write();
  }

  #use(known: readonly Revoked[]): void {
    const now = Date.now();
    this.#known = known.filter(({ until }) => until + KEPT > now);
    void this.#copy?.write(this.#known);
    this.#deps.tell(this.all);
  }

  /** Whether the store knows what is known here. Otherwise it is tried again. */
  async #write(): Promise<boolean> {
    clearTimeout(this.#retry);
    if (this.#store === undefined) return false;
    try {
      await this.#store.add(() => this.#known);
      return true;
    } catch (error) {
      this.#deps.logger.warn({ err: error }, 'what was revoked is not known to other members yet');
      if (this.#store !== undefined) this.#retry = setTimeout(() => void this.#write(), RETRY).unref();
      return false;
    }
  }
}
