import { STORE_DEFAULTS, type StoreOptions } from '../base/options.ts';
import type { Store } from '../base/store.ts';
import { GuardedStore } from '../guard/guarded-store.ts';
import type { NatsServers } from './link.ts';
import { NatsBackend } from './nats-backend.ts';

/** Options of {@link openNatsStore}. */
export interface NatsStoreOptions extends StoreOptions {
  /** Where the store is, and who asks. */
  readonly servers: NatsServers;
  /** What the buckets of JetStream begin with: letters, digits, `-` and `_`. `inband` by default. Who has the same one shares. */
  readonly key?: string;
  /** Servers that each keep a copy. 1 by default. */
  readonly replicas?: number;
  /** Microseconds, for tests of the algorithm. By default the server's clock decides, as far as it is known. */
  readonly bucketClock?: () => number;
}

/** A store in the buckets of JetStream. Returns at once, and connects by itself, now and whenever the connection ends. */
export function openNatsStore(options: NatsStoreOptions): Store {
  const all = { ...STORE_DEFAULTS, key: 'inband', replicas: 1, ...options };
  return new GuardedStore(options, (events) => new NatsBackend(events, all));
}
