import type { Filter, Logger, PluginRegistry, ServiceFilter } from '@inband/core';
import { madeBy } from '../../../config/plugins/made-by.ts';
import type { Values } from '../../plan/planned.ts';

const FUNCTIONS = ['onRequest', 'onResponse', 'onTunnel', 'onEnd'] as const satisfies readonly (keyof Filter)[];

/** A filter of a service, as the configuration says. Throws if its plugin makes none. */
export function serviceFilter(value: Values['filter'], registry: PluginRegistry, logger: Logger): ServiceFilter {
  const { timeout, maximumBody } = value;
  if (value.from === 'program') return { kind: 'function', filter: value.functions, timeout, maximumBody };
  const { type, options, baseDirectory } = value;
  const plugin = registry.filter(type);
  if (plugin === undefined) throw new Error(`There is no filter "${type}".`);
  const filter = madeBy(plugin, plugin.create(options, { logger, baseDirectory }), FUNCTIONS, 'any');
  return { kind: type, filter, timeout, maximumBody };
}
