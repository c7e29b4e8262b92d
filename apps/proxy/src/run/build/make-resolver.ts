import { createCachingResolver, defaultLookupLimits, descriptorLimit } from '@inband/core';
import { madeBy } from '../../config/plugins/made-by.ts';
import { childLogger } from '../../log/logging.ts';
import { lookupsWithin } from '../limits/descriptor-shares.ts';
import type { Make } from './made.ts';

export const makeResolver: Make<'resolver'> = ({ hash, value: { type, options, cache, limits } }, { deps }) => {
  const plugin = deps.registry.resolver(type);
  if (plugin === undefined) throw new Error(`There is no resolver "${type}".`);
  const logger = childLogger(deps.logger, { resolver: type });
  const created = madeBy(plugin, plugin.create(options, { logger }), ['resolve']);
  const caching = { ...cache, limits: { lookups: mostLookups(), ...limits } };
  return createCachingResolver(created, caching, deps.watchResolver?.(type), deps.notices?.of(hash));
};

/** Fewer than by default where there are not descriptors for as many. */
function mostLookups(): number {
  const descriptors = descriptorLimit();
  return descriptors === undefined ? defaultLookupLimits.lookups : lookupsWithin(descriptors);
}
