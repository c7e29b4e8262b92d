import { type Clock, STORE_DEFAULTS, type StoreOptions } from '../base/options.ts';
import type { Store } from '../base/store.ts';
import { GuardedStore } from '../guard/guarded-store.ts';
import { MemoryBackend } from './memory-backend.ts';

/** Options of {@link openMemoryStore}. */
export interface MemoryStoreOptions extends StoreOptions {
  /** By default that of the process. */
  readonly clock?: Clock;
}

/** A store in the memory of this process, for whoever shares nothing with another machine. It is never away. */
export function openMemoryStore(options: MemoryStoreOptions): Store {
  const clock = options.clock ?? (() => performance.timeOrigin + performance.now());
  const memberTtl = options.memberTtl ?? STORE_DEFAULTS.memberTtl;
  return new GuardedStore(options, (events) => new MemoryBackend(events, { clock, memberTtl }));
}
