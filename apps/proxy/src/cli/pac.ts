import { Timers } from '@inband/core';
import { compilePacRules, pacText } from '@inband/http-proxy';
import { hostname } from 'node:os';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema/schema.ts';
import { silentLogger } from '../log/logging.ts';
import { assemble } from '../run/build/assemble.ts';
import { doNotConnect } from '../trial/build-once.ts';
import type { PacCommand } from './cli-arguments.ts';
import { UsageError } from './usage/usage-error.ts';

/** Prints the PAC file of a forward proxy, with the address that its listener binds. Resolves with the exit status. */
export async function pac({ config, service }: PacCommand): Promise<number> {
  const [parsed, source] = await loadConfig(config);
  const { listeners, services } = parsed.config;
  const isMeant = (name: string): boolean =>
    service === undefined ? services[name]?.mode === 'forward' : name === service;
  const name = service ?? Object.keys(services).find(isMeant);
  if (name === undefined || services[name]?.mode !== 'forward') throw new UsageError(noService(service));
  const address = listeners
    .filter((listener) => listener.service === name)
    .map(addressOf)
    .find((found) => found !== undefined);
  if (address === undefined) throw new UsageError(`no listener of the service "${name}" binds an address with a port.`);
  const timers = new Timers();
  // With everything that it takes, because zones may be lists of files.
  const assembly = assemble(parsed, source, {
    establisher: () => doNotConnect,
    forgeAddrProblem: () => undefined,
    timers,
    logger: silentLogger,
  });
  const direct = services[name].http?.pacDirect ?? [];
  const rules = compilePacRules(`services.${name}.http`, ['pacDirect'], direct, assembly.zones);
  assembly.close();
  timers.close();
  process.stdout.write(pacText(rules, address, address.isSecure));
  return 0;
}

function noService(service: string | undefined): string {
  return service === undefined
    ? 'no service has the mode forward; browsers are not set up to use others.'
    : `the service "${service}" does not exist or has another mode than forward.`;
}

interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** What a browser is told: where the listener binds all addresses, the name of this machine; with TLS, that of a certificate. */
function addressOf({ bind, tls }: Config['listeners'][number]): ProxyAddress | undefined {
  if (!('port' in bind) || bind.port === 0) return undefined;
  const isWildcard = bind.address === '0.0.0.0' || bind.address === '::';
  const host = isWildcard ? hostname() : bind.address;
  return { host: tls?.defaultCertificate ?? host, port: bind.port, isSecure: tls !== undefined };
}
