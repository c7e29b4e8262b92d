import { type Transport, toProxyError } from '@inband/core';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { errorsOf } from '../../config/problem/placed.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import { bindNames } from '../../config/values/bind.ts';
import type { InheritedSockets } from '../../handover/inherited-sockets.ts';
import { bindForAMoment } from './bind-for-a-moment.ts';

/**
 * Binds each address of a configuration for a moment, before anything listens in this process. Rejects with a `ConfigError` that has the place of the first
 * one that cannot be bound. What this process was started with is bound already.
 */
export async function refuseTakenAddress(
  parsed: ParsedConfig,
  source: ConfigSource,
  { transport, inherited }: { readonly transport: Transport; readonly inherited: InheritedSockets },
): Promise<void> {
  const { listeners } = parsed.config;
  const names = bindNames(listeners.map(({ bind }) => bind));
  const held = new Set(inherited.all.map(({ bind }) => bind));
  for (const [index, { bind, transparent }] of listeners.entries()) {
    if (bind.family === 'systemd' || held.has(names[index] ?? '')) continue;
    try {
      await bindForAMoment(transport, bind, transparent);
    } catch (error) {
      throw errorsOf(source, [{ path: ['listeners', index, 'bind'], message: toProxyError(error).message }]);
    }
  }
}
