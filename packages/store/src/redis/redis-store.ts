import { STORE_DEFAULTS, type StoreOptions } from '../base/options.ts';
import type { Store } from '../base/store.ts';
import { GuardedStore } from '../guard/guarded-store.ts';
import type { RedisServers } from './connect.ts';
import { RedisBackend } from './redis-backend.ts';

/** Options of {@link openRedisStore}. */
export interface RedisStoreOptions extends StoreOptions {
  /** Where the store is, and who asks. */
  readonly servers: RedisServers;
  /** What all keys and channels begin with. `inband` by default. Who has the same one shares. */
  readonly key?: string;
  /** Microseconds, for tests of the algorithm. By default the server's clock decides. */
  readonly bucketClock?: () => number;
}

/** A store in Valkey or Redis. Returns at once, and connects by itself, now and whenever the connection ends. */
export function openRedisStore(options: RedisStoreOptions): Store {
  const all = { ...STORE_DEFAULTS, key: 'inband', ...options };
  return new GuardedStore(options, (events) => new RedisBackend(events, all));
}
