import { chooseResolver, formatSockAddr, type Logger, type SockAddr, thisMachine } from '@inband/core';
import { USUAL_CONNECT_PORTS } from '@inband/http-proxy';
import { compileCache } from '../../bin/compile-cache.mjs';
import type { ParsedConfig } from '../config/parse-config.ts';
import { DEFAULT_RESOLVER } from '../config/known/constants.ts';

/** What is logged about a proxy that has started. */
interface Started {
  readonly listeners: readonly { readonly address: SockAddr; readonly service: string }[];
  readonly transport: string;
  readonly why: string | undefined;
}

/** Logs the warnings about a configuration. */
export function logWarnings(parsed: ParsedConfig, logger: Logger): void {
  for (const warning of parsed.warnings) logger.warn({}, warning);
}

/** Logs where the program keeps compiled code for its next start, or why it does not. */
export function logCompileCache(logger: Logger): void {
  const cache = compileCache();
  if ('folder' in cache) logger.debug({ folder: cache.folder }, 'compiled code is kept for the next start');
  else logger.debug({ why: cache.why }, 'compiled code is not kept for the next start');
}

/** Logs one line for each listener that accepts, and how names are resolved. */
export function logListeners(parsed: ParsedConfig, started: Started, logger: Logger, workers = 1): void {
  logListening(parsed, started, logger, workers);
  logConnectPorts(parsed, logger);
  logResolver(parsed, logger);
}

/** Logs one line for each listener that a reload has opened: those that were not there `before`. */
export function logNewListeners(
  parsed: ParsedConfig,
  { listeners, transport, why }: Started,
  before: Started['listeners'],
  logger: Logger,
  workers = 1,
): void {
  const known = new Set(before.map(({ address }) => formatSockAddr(address)));
  const fresh = listeners.filter(({ address }) => !known.has(formatSockAddr(address)));
  logListening(parsed, { transport, why, listeners: fresh }, logger, workers);
}

function logListening(
  parsed: ParsedConfig,
  { listeners, transport, why }: Started,
  logger: Logger,
  workers: number,
): void {
  for (const { address, service } of listeners) {
    const mode = parsed.config.services[service]?.mode;
    const fields = { address: formatSockAddr(address), service, mode, transport, why, ...(workers > 1 && { workers }) };
    logger.info(fields, 'listening');
  }
}

/** Logs which ports CONNECT may use, where the configuration does not say it. */
function logConnectPorts({ config }: ParsedConfig, logger: Logger): void {
  const services = Object.entries(config.services)
    .filter(([, { proxy, mode, http }]) => proxy === 'http' && mode !== 'reverse' && http?.connectPorts === undefined)
    .map(([name]) => name);
  if (services.length === 0) return;
  logger.info(
    { services, connectPorts: USUAL_CONNECT_PORTS },
    'clients on this machine may have tunnels to any port, others to connectPorts',
  );
}

/** Logs how names are resolved, where the configuration leaves that to the machine. */
function logResolver({ config }: ParsedConfig, logger: Logger): void {
  if (config.resolver.type !== DEFAULT_RESOLVER) return;
  logger.info({ resolver: config.resolver.type, ...chooseResolver(thisMachine) }, 'how names are looked up');
}
