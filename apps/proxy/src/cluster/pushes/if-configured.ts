import type { Logger } from '@inband/core';
import type { ParsedConfig } from '../../config/parse-config.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { InheritedSockets } from '../../handover/inherited-sockets.ts';
import type { Fellowship, PushSide } from './push-side.ts';

/** What is pushed to a member, where there may be others. Nothing of it is loaded where there are none. */
export async function openPushes(
  cluster: Fellowship & { readonly hasOthers: boolean },
  own: { readonly parsed: ParsedConfig; readonly source: ConfigSource; readonly inherited: InheritedSockets },
  logger: Logger,
): Promise<PushSide | undefined> {
  const { store, hasOthers } = cluster;
  if (store === undefined || !hasOthers) return undefined;
  const { PushSide: Side } = await import('./push-side.ts');
  return Side.open(cluster, store, own, logger);
}
