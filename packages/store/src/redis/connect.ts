import { Cluster, type CommonRedisOptions, Redis, type RedisOptions } from 'iovalkey';
import type { HostPort } from '../base/host-port.ts';
import { patience } from './patience.ts';
import { endOnUnreadableReplies } from './unreadable-replies.ts';

/** How a server is known to be the right one, and who asks. `true`: by the authorities of Node. */
export type RedisTls =
  | true
  | {
      /** PEM. */
      readonly ca?: string;
      readonly cert?: string;
      readonly key?: string;
      /** The name that the certificate must have, where it is another than the host. */
      readonly servername?: string;
    };

/** One server, at a TCP port or a Unix socket; several behind Sentinels; or a Cluster. */
export type RedisPlace =
  | HostPort
  | { readonly path: string }
  /** `master`: the name by which the Sentinels know the server. */
  | { readonly sentinels: readonly HostPort[]; readonly master: string; readonly sentinelPassword?: string }
  | { readonly cluster: readonly HostPort[] };

/** Where a store is, and who asks. */
export interface RedisServers {
  readonly at: RedisPlace;
  /** Of the servers, and of Sentinels as well. */
  readonly tls?: RedisTls;
  /** A user of the ACL; without one, the default user. */
  readonly user?: string;
  readonly password?: string;
  /** The number of the database. A Cluster has only 0. */
  readonly database?: number;
}

/** A connection to one server, or to a Cluster. */
export type Connection = Redis | Cluster;

/** Milliseconds within which a connection is made, with TLS and the names of servers. */
const CONNECT_TIMEOUT = 2_000;
/** Milliseconds after which a connection that is being closed is destroyed. */
export const DISCONNECT_TIMEOUT = 100;

/**
 * Begins to connect. A call without a connection fails at once, and none is ever sent again on the next one, because it may have
 * been done. `deadline`: milliseconds of one command.
 */
export function connect(servers: RedisServers, deadline: number): Connection {
  endOnUnreadableReplies();
  const { at } = servers;
  const common = commonOptions(servers, deadline);
  if ('cluster' in at) return connectCluster(at.cluster, common);
  const base: RedisOptions = { ...common, enableOfflineQueue: false, retryStrategy: patience() };
  if ('path' in at) return new Redis({ ...base, path: at.path });
  if ('host' in at) return new Redis({ ...base, host: at.host, port: at.port });
  return new Redis({
    ...base,
    sentinels: at.sentinels.map((address) => ({ ...address })),
    name: at.master,
    sentinelRetryStrategy: patience(),
    sentinelCommandTimeout: CONNECT_TIMEOUT,
    ...(at.sentinelPassword !== undefined && { sentinelPassword: at.sentinelPassword }),
    ...(common.tls && { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
    // By the Sentinels' own messages, a connection follows when another server takes over.
    failoverDetector: true,
  });
}

function connectCluster(addresses: readonly HostPort[], redisOptions: CommonRedisOptions): Cluster {
  return new Cluster(
    addresses.map((address) => ({ ...address })),
    { enableOfflineQueue: false, clusterRetryStrategy: patience(), slotsRefreshTimeout: CONNECT_TIMEOUT, redisOptions },
  );
}

function commonOptions(servers: RedisServers, deadline: number): CommonRedisOptions & Pick<RedisOptions, 'tls'> {
  const { tls, user, password, database } = servers;
  return {
    // Whoever calls is told earlier, by the guard. This is for commands that nobody waits for.
    commandTimeout: 2 * deadline,
    connectTimeout: CONNECT_TIMEOUT,
    disconnectTimeout: DISCONNECT_TIMEOUT,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // A server that is loading says so to each call. The check would wait for it, and hold the connection back.
    enableReadyCheck: false,
    ...(tls !== undefined && { tls: tls === true ? {} : tls }),
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { db: database }),
  } as CommonRedisOptions & Pick<RedisOptions, 'tls'>;
}
