import { randomUUID } from 'node:crypto';
import type { Logger } from '@inband/core';
import type { Store, Watch } from '@inband/store';
import { z } from 'zod';
import { KEY_LENGTH, KEYS, ROTATION, type TicketKeyRing, withNewKey } from '../../session-tickets/ticket-keys.ts';
import type { SealedValues } from '../../sealed/sealed-values.ts';

/** Names in the store: the keys, what says that they are not old, and the right to replace them. */
const NAME = 'tickets';
const FRESH = 'tickets/fresh';
const LOCK = 'tickets/lock';
/** Milliseconds for which one member has that right. */
const LOCK_TTL = 10_000;
/** Milliseconds between two looks; as long as no shared keys are known, between two attempts to make them. */
const LOOK = 60_000;
const SOON = 1_000;
/** Milliseconds for which the keys are used that were known last. */
const LONGEST_AWAY = 48 * 3_600_000;

const keysSchema = z.object({
  /** In base64. The first one makes tickets. */
  keys: z
    .array(z.string().refine((key) => Buffer.from(key, 'base64').length === KEY_LENGTH))
    .min(1)
    .max(KEYS),
});

export interface SharedTicketsDeps {
  readonly store: Store;
  readonly values: SealedValues;
  readonly ring: TicketKeyRing;
  /** Of all members; see `Sealer.ownKey`. */
  readonly own: Uint8Array;
  readonly logger: Logger;
}

/**
 * The keys of session tickets, the same in all members, so that a client resumes its session with whichever it reaches. After eight hours one member
 * puts a new one first. How old they are is told by a mark in the store that ends by the clock of the store, so that no clock of a member counts.
 */
export class SharedTickets {
  readonly #deps: SharedTicketsDeps;
  /** Whoever has got the lock without hearing so gets it again. */
  readonly #holder = randomUUID();
  #watch: Watch | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #soon: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  #shared: readonly Uint8Array[] | undefined = undefined;
  #isAlone = false;

  constructor(deps: SharedTicketsDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { values, logger } = this.#deps;
    const unreadable = ({ message: reason }: Error): void =>
      logger.error({ reason }, 'the keys of session tickets are not those of the cluster');
    this.#watch = values.watch(NAME, keysSchema, (found) => this.#changed(found?.keys), unreadable);
    this.#timer = setInterval(() => this.#look(), LOOK).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#watch?.stop();
  }

  #changed(keys: readonly string[] | undefined): void {
    // The store is new, or was wiped.
    if (keys === undefined) return void this.#replaceOld();
    this.#shared = keys.map((key) => new Uint8Array(Buffer.from(key, 'base64')));
    this.#use();
  }

  #use(): void {
    if (this.#shared === undefined) return;
    this.#isAlone = false;
    this.#deps.ring.share({ keys: this.#shared, own: this.#deps.own });
  }

  #look(): void {
    const age = performance.now() - (this.#watch?.confirmed ?? 0);
    if (age > LONGEST_AWAY) return this.#goAlone();
    if (this.#isAlone) this.#use();
    if (age < 2 * LOOK) void this.#replaceOld();
  }

  #goAlone(): void {
    if (this.#isAlone || this.#shared === undefined) return;
    this.#isAlone = true;
    this.#deps.logger.warn({}, 'the store is away for two days: this member has its own keys of session tickets');
    this.#deps.ring.goAlone();
  }

  /** Puts a new key first if it is time for that, unless another member does. Never rejects. */
  async #replaceOld(): Promise<void> {
    const { store, logger } = this.#deps;
    try {
      await this.#replaceIfOld(store);
    } catch (error) {
      logger.debug({ err: error }, 'the keys of session tickets were not replaced; it is tried again');
    }
    if (this.#shared !== undefined || this.#isClosed) return;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#replaceOld(), SOON).unref();
  }

  async #replaceIfOld(store: Store): Promise<void> {
    if ((await store.get(FRESH)) !== undefined && (await store.get(NAME)) !== undefined) return;
    const lock = await store.lock(LOCK, LOCK_TTL, this.#holder);
    if (lock === undefined) return;
    try {
      await this.#replaceBy(lock.fence);
    } finally {
      await lock.release();
    }
  }

  async #replaceBy(fence: number): Promise<void> {
    const { store, values, ring } = this.#deps;
    const now = await values.get(NAME, keysSchema);
    if (now !== undefined && (await store.get(FRESH)) !== undefined) return;
    // Where there are none, those of this member become those of all.
    const known = now?.value.keys.map((key) => Buffer.from(key, 'base64'));
    const keys = known === undefined ? ring.current.keys : withNewKey(known);
    const value = { keys: keys.map((key) => Buffer.from(key).toString('base64')) };
    const { written } = await values.put(NAME, value, { ifRevision: now?.revision ?? null, fence });
    // Without the mark there would be another new key soon, which is better than one that is too old.
    if (written) await store.put(FRESH, '', { ttl: ROTATION });
  }
}
