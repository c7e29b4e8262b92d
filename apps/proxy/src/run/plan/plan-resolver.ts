import { defaultCacheTimes, defaultLookupLimits } from '@inband/core';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { identityOf } from './plugin-identity.ts';
import type { Ref } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';
import { withoutUndefined } from './without-undefined.ts';

export function planResolver(planner: Planner, { config, registry, pluginOptions }: ParsedConfig): Ref<'resolver'> {
  const { type, cache = {}, limits = {} } = config.resolver;
  // How many look-ups there may be at once is for this machine to say, unless the configuration does.
  const { lookups: _byMachine, ...usual } = defaultLookupLimits;
  const value = {
    type,
    plugin: identityOf(registry.resolver(type)),
    options: pluginOptions.get('resolver'),
    cache: frozen({ ...defaultCacheTimes, ...withoutUndefined(cache) }),
    limits: frozen({ ...usual, ...withoutUndefined(limits) }),
  };
  return refTo(planner.add('resolver', ['resolver'], Object.freeze(value)));
}
