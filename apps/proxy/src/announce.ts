import { formatSockAddr, type Logger } from '@inband/core';
import type { ParsedConfig } from './config/parse-config.ts';
import type { StartedInband } from './inband.ts';

/** Says what in a configuration is suspicious. */
export function logWarnings(parsed: ParsedConfig, logger: Logger): void {
  for (const warning of parsed.warnings) logger.warn({}, warning);
}

/** Says where a proxy is ready: one line for each listener. */
export function logListeners(
  { config }: ParsedConfig,
  { listeners, transport, why }: Pick<StartedInband, 'listeners' | 'transport' | 'why'>,
  logger: Logger,
  workers = 1,
): void {
  for (const { address, service } of listeners) {
    const mode = config.services[service]?.mode;
    const fields = { address: formatSockAddr(address), service, mode, transport, why, ...(workers > 1 && { workers }) };
    logger.info(fields, 'listening');
  }
}
