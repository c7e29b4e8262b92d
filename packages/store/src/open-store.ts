import type { Store } from './base/store.ts';
import { type MemoryStoreOptions, openMemoryStore } from './memory/memory-store.ts';
import type { NatsStoreOptions } from './nats/nats-store.ts';
import type { RedisStoreOptions } from './redis/redis-store.ts';

/** Which store, and where it is. */
export type OpenStoreOptions =
  | ({ readonly type: 'memory' } & MemoryStoreOptions)
  | ({ readonly type: 'redis' } & RedisStoreOptions)
  | ({ readonly type: 'nats' } & NatsStoreOptions);

/**
 * Opens a store. It does not wait for a server: one that is not there is `away`, and is asked again by itself. The library that a store needs is loaded
 * here, so that whoever has another one does not load it. The store is the caller's to close.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  if (options.type === 'memory') return openMemoryStore(options);
  if (options.type === 'redis') return (await import('./redis/redis-store.ts')).openRedisStore(options);
  return (await import('./nats/nats-store.ts')).openNatsStore(options);
}
