import type { Logger } from '@inband/core';
import type { AcmeSide } from '../acme/acme-side.ts';
import type { AdminSide } from '../admin/admin-side.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { logNewListeners, logWarnings } from '../run/announce.ts';
import { logReloaded, type Reloaded, type Running } from '../run/running.ts';

interface ApplyDeps {
  readonly logger: Logger;
  readonly admin: AdminSide;
  readonly acme: AcmeSide;
}

/** Makes another configuration the current one of a proxy, of its admin side and of its certificates, or of none of them. Logs what is new. */
export async function applyConfig(
  running: Running,
  parsed: ParsedConfig,
  source: ConfigSource,
  { logger, admin, acme }: ApplyDeps,
): Promise<Reloaded> {
  const { listeners } = running;
  const reloaded = await acme.during(parsed, source, () =>
    admin.during(parsed.config, source, () => running.reload(parsed, source)),
  );
  logWarnings(parsed, logger);
  logReloaded(reloaded, logger);
  logNewListeners(parsed, running, listeners, logger);
  return reloaded;
}
