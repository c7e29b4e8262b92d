import { randomBytes } from 'node:crypto';
import { type ChainerDeps, definePlugin } from '@inband/core';
import type { z } from 'zod';
import { defineDialingPlugin } from '../connect/dialing-chainer.ts';
import { checkConnectOptions, DEFAULT_CONNECT_TIMEOUT } from '../options/connect-options.ts';
import { configurationError } from '../options/configuration-error.ts';
import { checkTlsSettings, tlsFor } from '../options/tls-settings.ts';
import { StickyCookie } from './affinity/sticky-cookie.ts';
import { checksOf, findingTtl, healthOf } from './checks-of.ts';
import { DialConnector } from './dial-connector.ts';
import { balancerOf, choosesByRequest, hashOf } from './options/balance-options.ts';
import { limitsOf } from './options/limit-options.ts';
import { type PreparedSticky, prepareSticky } from './options/prepare-sticky.ts';
import { type PoolOptions, poolOptions } from './options/pool-options.ts';
import { addressesOf } from './options/server-options.ts';
import { whyPicked } from './options/why-picked.ts';
import { Pool } from './pool.ts';
import { PooledChainer } from './pooled-chainer.ts';
import { DEFAULT_RETRY, RetryPolicy } from './retry/retry-policy.ts';
import type { MemberConnector } from './members/member-connector.ts';
import { type SourceDeps, sourceOf } from './source-of.ts';
import { SubsetSource } from './sources/subset-source.ts';
import { WarmConnections } from './warm-connections.ts';

export type { PoolOptions } from './options/pool-options.ts';
export type { DiscoveredEntry, PoolEntry, PoolServerOptions } from './options/server-options.ts';
export type { MemberOptions } from './sources/server-source.ts';
export type { ListedService } from './sources/service-servers.ts';

/** What a chainer with a pool is made with. */
export type PoolChainerDeps = SourceDeps &
  Pick<ChainerDeps, 'establishConnection' | 'serverTls' | 'ownKey' | 'place' | 'idleConnections' | 'notices'>;

const FORGED = 'minIdle cannot be kept with forgeAddr, because each connection belongs to its client.';
const TOLD = 'minIdle cannot be kept with proxyProtocol, because each connection belongs to its client.';

/** Spreads sessions over servers, and keeps them from servers that fail. */
export class PoolChainer extends PooledChainer {
  readonly #warm: WarmConnections | undefined;

  /** Throws a `ProxyError` if one of the servers cannot be reached with these options. `now`: milliseconds. */
  constructor(options: PoolOptions, deps: PoolChainerDeps, now: () => number = () => performance.now()) {
    checkConnectOptions(options);
    const { local, forgeAddr = false, proxyProtocol, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    const connector = new DialConnector({
      establishConnection: deps.establishConnection,
      local,
      attempt: { forgeAddr, proxyProtocol, connectTimeout },
      serverTls: tlsFor(options, addressesOf(options), deps),
      checkTls: checkTlsSettings(options.check?.tls) && deps.serverTls,
    });
    const pool = poolOf(options, connector, deps, now);
    super('pool', pool, connector);
    this.#warm = warmOf(options, pool, connector, deps, now);
  }

  override start(): void {
    super.start();
    this.#warm?.start();
  }

  override close(): void {
    super.close();
    this.#warm?.close();
  }
}

/** The pool that options describe. */
export function poolOf(
  options: PoolOptions,
  connector: MemberConnector,
  deps: SourceDeps & Pick<ChainerDeps, 'ownKey' | 'place' | 'notices'>,
  now: () => number,
): Pool {
  const { logger, place, notices, ownKey = keyOfThisProcess } = deps;
  const source = sourceOf(options, connector.dialsTls, deps);
  return new Pool({
    source: options.subset === undefined ? source : new SubsetSource(source, options.subset),
    balancer: (servers, before) => balancerOf(options.balance, servers, now, before),
    health: healthOf(options),
    checks: checksOf(options.check, connector, notices?.duty),
    findingTtl: findingTtl(options.check),
    notices,
    failOn: options.eject?.failOn ?? [],
    zone: options.zone,
    isRequired: options.required === true,
    wayTo: (server) => connector.wayTo(server),
    whyPicked: (servers) => whyPicked(options.balance, servers),
    hashOf: hashOf(options.balance),
    hashesRequest: choosesByRequest(options.balance),
    sticky: options.sticky && new StickyCookie(options.sticky, ownKey),
    retry: new RetryPolicy({ ...DEFAULT_RETRY, ...options.retry }, now()),
    hedge: options.hedge,
    limits: limitsOf(options),
    logger,
    place,
    now,
  });
}

function warmOf(
  { minIdle = 0, forgeAddr, proxyProtocol }: PoolOptions,
  pool: Pool,
  connector: MemberConnector,
  { idleConnections, logger }: PoolChainerDeps,
  now: () => number,
): WarmConnections | undefined {
  if (minIdle > 0 && forgeAddr === true) throw configurationError(FORGED, 'chainer.minIdle');
  if (minIdle > 0 && proxyProtocol !== undefined) throw configurationError(TOLD, 'chainer.minIdle');
  if (minIdle === 0 || idleConnections === undefined) return undefined;
  return new WarmConnections({
    minIdle,
    members: () => pool.members,
    connect: (session, member) => connector.connect(session, member, '', 0),
    idleAt: idleConnections,
    logger,
    now,
  });
}

let processKey: Uint8Array | undefined;

function keyOfThisProcess(): Uint8Array {
  return (processKey ??= randomBytes(32));
}

const dialingPlugin = defineDialingPlugin<z.output<typeof poolOptions>>({
  kind: 'pool',
  schema: poolOptions,
  serverChosenBy: 'operator',
  discovers: ['servers'],
  chainer: PoolChainer,
  servers: addressesOf,
  checkTls: ({ check }) => checkTlsSettings(check?.tls),
});

export const poolPlugin = definePlugin<z.output<typeof poolOptions>, PreparedSticky>({
  ...dialingPlugin,
  prepare: ({ sticky }, context) => prepareSticky(sticky, context),
  create(options, deps, { secret }) {
    const { sticky } = options;
    const isComplete = sticky === undefined || secret === undefined;
    return dialingPlugin.create(isComplete ? options : { ...options, sticky: { ...sticky, secret: [secret] } }, deps);
  },
});
