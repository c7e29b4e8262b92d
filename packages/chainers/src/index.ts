import type { Plugin } from '@inband/core';
import { directedPlugin } from './directed.ts';
import { environmentPlugin } from './environment/environment-chainer.ts';
import { failoverPlugin } from './failover.ts';
import { inbandPlugin } from './inband-plugin.ts';
import { pacPlugin } from './pac/pac-chainer.ts';
import { parentPlugin } from './parent/parent-chainer.ts';
import { poolPlugin } from './pool/pool-chainer.ts';
import { sidestackPlugin } from './sidestack.ts';
import { stackedPlugin } from './stacked.ts';
import { transparentPlugin } from './transparent.ts';

export * from './directed.ts';
export * from './options/duration.ts';
export * from './failover.ts';
export * from './auto-resolver.ts';
export * from './inband.ts';
export * from './inband-plugin.ts';
export { NameConnector, type NameConnectorDeps } from './connect/name-connector.ts';
export { connecting, connectShape, nestedChainer, serverAddress } from './options/options.ts';
export { type ConnectOptions } from './options/connect-options.ts';
export { lazily } from './options/lazily.ts';
export * from './options/references.ts';
export { typeNames } from './options/type-names.ts';
export { type EntryProblem, readFound, WrongEntries } from './pool/options/server-options.ts';
export * from './parent/chained-parents.ts';
export { environmentChainer, environmentPlugin } from './environment/environment-chainer.ts';
export { parseParentUrl, type ParentUrl } from './environment/parent-url.ts';
export { ParentWays, type ParentWaysDeps } from './ways/parent-ways.ts';
export * from './pac/pac-chainer.ts';
export * from './parent/parent-chainer.ts';
export * from './pool/pool-chainer.ts';
export * from './resolvers.ts';
export * from './options/server-address.ts';
export * from './sidestack.ts';
export * from './stacked.ts';
export * from './transparent.ts';

/** The chainers that every program registers. */
export const builtinChainers: readonly Extract<Plugin, { readonly provides: 'chainer' }>[] = [
  inbandPlugin,
  directedPlugin,
  failoverPlugin,
  poolPlugin,
  parentPlugin,
  pacPlugin,
  environmentPlugin,
  transparentPlugin,
  stackedPlugin,
  sidestackPlugin,
];
