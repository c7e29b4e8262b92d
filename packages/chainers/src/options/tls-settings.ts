import type { ChainerDeps, ProxyError, ServerTls, ServerTlsSettings } from '@inband/core';
import { configurationError } from './configuration-error.ts';
import { isName, type WrittenServer } from './server-address.ts';
import type { TlsMapping, TlsOption } from './server-tls.ts';

/** What a chainer's options say of TLS. */
export interface TlsOptions {
  readonly tls?: TlsOption | undefined;
}

/** The same of TLS that only checks of servers speak, as `check.tls` says; undefined for none. */
export function checkTlsSettings(tls: TlsOption | undefined): ServerTlsSettings | undefined {
  const settings = tlsSettings({ tls }, []);
  return settings && { ...settings, option: ['check', 'tls'] };
}

/** The settings of TLS to servers; undefined for none. */
export function tlsSettings({ tls }: TlsOptions, servers: readonly WrittenServer[]): ServerTlsSettings | undefined {
  if (!wantsTls(tls, servers)) return undefined;
  const { verify = true, servername, ca, crl, cert, key = cert, pin = [], minVersion = '1.2' } = mappingOf(tls);
  return { verify, servername, ca, crl, cert, key, pin, minVersion };
}

function wantsTls(tls: TlsOption | undefined, servers: readonly WrittenServer[]): boolean {
  return tls === undefined ? servers.some((server) => server.tls === true) : tls !== false;
}

function mappingOf(tls: TlsOption | undefined): Partial<TlsMapping> {
  return typeof tls === 'object' ? tls : {};
}

/** Why options contradict each other. Nothing is sent in the clear because of a mistake. */
export function tlsContradiction({ tls }: TlsOptions, servers: readonly WrittenServer[]): string | undefined {
  const isSecure = wantsTls(tls, servers);
  if (!isSecure)
    return servers.some((server) => server.tls === true) ? 'a server has https://, and tls is off' : undefined;
  if (tls === undefined && servers.some((server) => server.tls !== true)) {
    return 'servers with and without https:// cannot be mixed, because a request for one may go to another: use two routes';
  }
  if (servers.some((server) => server.tls === false)) return 'a server has http://, and tls is on';
  const { verify = true, servername } = mappingOf(tls);
  const isUnnamed =
    verify && servername === undefined && servers.some((server) => !isName(server) && server.family === 'unix');
  return isUnnamed ? 'a Unix socket has no name that a certificate could be issued for: set tls.servername' : undefined;
}

/** For chainers that are made in code too; throws a ProxyError. */
export function tlsFor(
  options: TlsOptions,
  servers: readonly WrittenServer[],
  { serverTls }: Pick<ChainerDeps, 'serverTls'>,
): ServerTls | undefined {
  const contradiction = tlsContradiction(options, servers);
  if (contradiction !== undefined) throw tlsError(`${contradiction}.`);
  if (!wantsTls(options.tls, servers)) return undefined;
  if (serverTls === undefined) throw tlsError('TLS to servers needs "serverTls", which was not given.');
  return serverTls;
}

function tlsError(message: string): ProxyError {
  return configurationError(message, 'chainer.tls');
}
