import { type PutOptions, type Revision, type Store, StoreError, type Watch, type Written } from '@inband/store';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { Sealer } from './sealer.ts';

/** Attempts to change a value that others change at the same time. */
const ATTEMPTS = 12;
/** Milliseconds between two of them at most. */
const PAUSE = 20;

/** A value that was read. */
export interface Read<Value> {
  readonly value: Value;
  readonly revision: Revision;
}

/** What the store has was not sealed by a secret of this cluster, or is of another program. It is never overwritten. */
export class UnreadableError extends StoreError {
  constructor(name: string) {
    super(`"${name}" in the store cannot be opened by any key of cluster.secret.`);
  }
}

/** Values of the store that only members can read and make. Rejects with a `StoreError`. */
export class SealedValues {
  readonly #store: Store;
  readonly #sealer: Sealer;

  constructor(store: Store, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
  }

  async get<Value>(name: string, schema: z.ZodType<Value>): Promise<Read<Value> | undefined> {
    const entry = await this.#store.get(name);
    if (entry === undefined) return undefined;
    return { value: this.#read(name, entry.value, schema), revision: entry.revision };
  }

  async put(name: string, value: unknown, options: PutOptions = {}): Promise<Written> {
    return this.#store.put(name, this.#sealer.seal(name, JSON.stringify(value)), options);
  }

  /**
   * Replaces a value by what `change` makes of it, however many do so at the same time. It is not written where `change` returns undefined.
   * Resolves with what is stored then.
   */
  async change<Value>(
    name: string,
    schema: z.ZodType<Value>,
    change: (value: Value | undefined) => Value | undefined,
    ttl?: number,
  ): Promise<Value | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const read = await this.get(name, schema);
      const next = change(read?.value);
      if (next === undefined) return read?.value;
      const options = { ifRevision: read?.revision ?? null, ...(ttl === undefined ? {} : { ttl }) };
      if ((await this.put(name, next, options)).written) return next;
      await sleep(Math.random() * PAUSE);
    }
    throw new StoreError(`"${name}" in the store is changed by too many at the same time.`);
  }

  /** Calls `listener` with the value whenever it is another one, and `unreadable` where it cannot be opened. */
  watch<Value>(
    name: string,
    schema: z.ZodType<Value>,
    listener: (value: Value | undefined) => void,
    unreadable: (error: UnreadableError) => void,
  ): Watch {
    return this.#store.watch(name, (entry) => {
      if (entry === undefined) return listener(undefined);
      let value: Value;
      try {
        value = this.#read(name, entry.value, schema);
      } catch (error) {
        if (error instanceof UnreadableError) return unreadable(error);
        throw error;
      }
      listener(value);
    });
  }

  #read<Value>(name: string, sealed: string, schema: z.ZodType<Value>): Value {
    const text = this.#sealer.open(name, sealed);
    if (text === undefined) throw new UnreadableError(name);
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success) throw new UnreadableError(name);
    return parsed.data;
  }
}
