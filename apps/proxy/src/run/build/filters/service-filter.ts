import { type Filter, type Logger, type PluginRegistry, ProxyError, type ServiceFilter } from '@inband/core';
import type { Values } from '../../plan/planned.ts';

const FUNCTIONS = ['onRequest', 'onResponse', 'onTunnel', 'onEnd'] as const satisfies readonly (keyof Filter)[];

/** A filter of a service, as the configuration says. Throws if its plugin makes none. */
export function serviceFilter(value: Values['filter'], registry: PluginRegistry, logger: Logger): ServiceFilter {
  const { timeout, maximumBody } = value;
  if (value.from === 'program') return { kind: 'function', filter: value.functions, timeout, maximumBody };
  const { type, options, baseDirectory } = value;
  const plugin = registry.filter(type);
  if (plugin === undefined) throw new Error(`There is no filter "${type}".`);
  const filter = plugin.create(options, { logger, baseDirectory });
  if (!isFilter(filter)) {
    const message = `The plugin "${type}" makes no filter: it has none of the functions ${FUNCTIONS.join(', ')}.`;
    throw new ProxyError('proxy_configuration_error', message);
  }
  return { kind: type, filter, timeout, maximumBody };
}

/** Looked at, because the plugin may be plain JavaScript. */
function isFilter(made: unknown): boolean {
  if (typeof made !== 'object' || made === null) return false;
  return FUNCTIONS.some((name) => typeof Reflect.get(made, name) === 'function');
}
