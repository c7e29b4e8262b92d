export { StoreArgumentError, StoreError, StoreUnavailable, type UnavailableReason } from './base/errors.ts';
export type { HostPort } from './base/host-port.ts';
export type { Clock, StoreCallResult, StoreOptions } from './base/options.ts';
export {
  type Counted,
  type Counting,
  type Entry,
  type Holding,
  type Leased,
  type Lock,
  type Member,
  MOST_KEY_BYTES,
  MOST_VALUE_BYTES,
  type Placed,
  type PutOptions,
  type Revision,
  type Store,
  type StoreCalls,
  type StoreStatus,
  type Watch,
  type WatchListener,
  type Written,
} from './base/store.ts';
export type { MemoryStoreOptions } from './memory/memory-store.ts';
export type { NatsServers } from './nats/link.ts';
export type { NatsStoreOptions } from './nats/nats-store.ts';
export { openStore, type OpenStoreOptions } from './open-store.ts';
export type { RedisPlace, RedisServers, RedisTls } from './redis/connect.ts';
export type { RedisStoreOptions } from './redis/redis-store.ts';
