import type { EstablishOptions, Logger, OwnNotices } from '@inband/core';
import type { HashOf } from './affinity/hash-key.ts';
import type { StickyCookie } from './affinity/sticky-cookie.ts';
import type { HealthOptions } from './health/server-health.ts';
import type { PoolLimits } from './limits/pool-limits.ts';
import type { MakeBalancer } from './members/members.ts';
import type { MakeChecks } from './members/members-health.ts';
import type { PoolMember } from './members/pool-member.ts';
import type { RetryPolicy } from './retry/retry-policy.ts';
import type { KnownServer, ServerSource } from './sources/server-source.ts';

/** What a pool is made of. */
export interface PoolDeps {
  readonly source: ServerSource;
  readonly balancer: MakeBalancer;
  readonly health: HealthOptions;
  /** Statuses that count as failures. */
  readonly failOn: readonly number[];
  /** Makes the active checks, if there are any. */
  readonly checks?: MakeChecks | undefined;
  /** The zone of this proxy. */
  readonly zone?: string | undefined;
  /** Whether the instance needs it: see `ChainerPool.isRequired`. */
  readonly isRequired: boolean;
  /** How connections to a server are made. */
  readonly wayTo: (server: KnownServer) => EstablishOptions;
  /** Why a server is the one that is chosen, in a clause. */
  readonly whyPicked: (servers: number) => string;
  /** What is hashed of a session; 0 for nothing. */
  readonly hashOf: HashOf;
  /** Whether what is hashed is of the request, and not of the client. */
  readonly hashesRequest: boolean;
  /** Brings clients back to their servers. Undefined for nothing of the kind. */
  readonly sticky: StickyCookie<PoolMember> | undefined;
  readonly retry: RetryPolicy;
  /** The part of the requests that are not to be sent to a second server. Undefined: none are. */
  readonly hedge: number | undefined;
  readonly limits: PoolLimits;
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** Tells other workers of the machine how servers are. Undefined where there are none. */
  readonly notices?: OwnNotices | undefined;
  /** Milliseconds for which a finding of a check counts for a worker that is started later. */
  readonly findingTtl: number;
  /** The place of the chainer, for messages. */
  readonly place: string | undefined;
  /** Milliseconds. */
  readonly now: () => number;
}
