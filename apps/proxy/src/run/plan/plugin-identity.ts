import type { Plugin } from '@inband/core';
import { isBuiltIn } from '../../config/plugins/built-in.ts';
import { referenceNumber } from './canonical-text.ts';
import type { PluginIdentity } from './planned.ts';

/** Throws for a plugin that does not exist: the check of a configuration has refused it. */
export function identityOf(plugin: Plugin | undefined): PluginIdentity {
  if (plugin === undefined) throw new Error('A plugin that does not exist cannot be planned.');
  return isBuiltIn(plugin) ? 'built in' : referenceNumber(plugin);
}
