import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import { connecting, connectShape } from '../../options/options.ts';
import type { ConnectOptions } from '../../options/connect-options.ts';
import type { StickyOptions } from '../affinity/sticky-cookie.ts';
import { type Balance, balance } from './balance-options.ts';
import type { RetryOptions } from '../retry/retry-policy.ts';
import { eject, type EjectOptions } from './eject-options.ts';
import {
  check,
  checkByTls,
  minIdle,
  type PoolHealthOptions,
  required,
  slowStart,
  subset,
  zone,
} from './health-options.ts';
import { sticky } from './sticky-options.ts';
import { type LimitOptions, limitShape } from './limit-options.ts';
import { hedge, retry } from './retry-options.ts';
import { addressesOf, type PoolEntry, poolServers } from './server-options.ts';

/** What is the same for every chainer that has a pool. */
export interface PoolOptions extends ConnectOptions, PoolHealthOptions, LimitOptions {
  /** At least one, each once. */
  readonly servers: readonly PoolEntry[];
  readonly balance?: Balance | undefined;
  readonly eject?: EjectOptions | undefined;
  /** Only of the chainer `pool`, because the cookie would be one of the site that a client asks for through a parent. */
  readonly sticky?: StickyOptions | undefined;
  readonly retry?: Partial<RetryOptions> | undefined;
  /** The part of the requests, from 0 to 1, after whose time the others are sent to a second server. */
  readonly hedge?: number | undefined;
}

/** The schema of {@link PoolOptions}. To be spread into a `z.strictObject`, which then goes through `connecting`. */
export const poolShape = () => ({
  servers: poolServers,
  balance,
  eject,
  check,
  slowStart,
  zone,
  subset,
  required,
  retry,
  hedge,
  ...limitShape(),
  ...connectShape,
});

const pool = () =>
  z
    .strictObject({ ...poolShape(), check: checkByTls, sticky, minIdle })
    .refine((options) => options.hedge === undefined || options.sticky === undefined, {
      error: 'hedge and sticky exclude each other, because a second server is not that of the client',
      path: ['hedge'],
    });

export const poolOptions = lazily(() =>
  connecting(pool(), addressesOf).describe(
    'Spreads sessions over servers by weight and load, and keeps them from servers that fail.',
  ),
);
