import type { Plugin } from '@inband/core';
import { builtinPlugins } from '../../config/plugins/load-plugins.ts';
import { referenceNumber } from './canonical-text.ts';
import type { PluginIdentity } from './planned.ts';

const builtIn: ReadonlySet<unknown> = new Set<Plugin>(builtinPlugins);

/** Throws for a plugin that does not exist: the check of a configuration has refused it. */
export function identityOf(plugin: Plugin | undefined): PluginIdentity {
  if (plugin === undefined) throw new Error('A plugin that does not exist cannot be planned.');
  return builtIn.has(plugin) ? 'built in' : referenceNumber(plugin);
}
