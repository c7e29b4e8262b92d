import type { ChainerDeps, InetAddr } from '@inband/core';
import { checkForgeable, checkSameFamily, type ConnectOptions } from '../options/connect-options.ts';
import { configurationError } from '../options/configuration-error.ts';
import { isName, type ServerAddress, type WrittenServer } from '../options/server-address.ts';
import { NO_SERVERS, type PoolEntry, type PoolServerOptions, readFound } from './options/server-options.ts';
import { DiscoveredServers } from './sources/discovered-servers.ts';
import { JoinedSource } from './sources/joined-source.ts';
import type { NamingDeps } from './sources/named-servers.ts';
import type { ServerSource } from './sources/server-source.ts';
import { type ListedServer, ServerSet, writtenAs } from './sources/server-set.ts';
import { ServiceServers } from './sources/service-servers.ts';

/** What the servers of a pool are found with. `discovery` is needed where a plugin or a file finds them. */
export type SourceDeps = Pick<ChainerDeps, 'resolver' | 'logger'> & Partial<Pick<ChainerDeps, 'discovery'>>;

export interface SourceOptions extends Pick<ConnectOptions, 'local' | 'forgeAddr'> {
  readonly servers: readonly PoolEntry[];
}

/** The source of the servers that the options of a pool describe. Throws a `ProxyError` if one of them cannot be connected to. */
export function sourceOf(options: SourceOptions, speaksTls: boolean, deps: SourceDeps): ServerSource {
  const { servers, local } = options;
  if (servers.length === 0) throw configurationError(`${NO_SERVERS}.`, 'chainer.servers');
  const listed = servers.flatMap((entry, index) => ('address' in entry ? [{ entry, index }] : []));
  checkListed(
    listed.map(({ entry }) => entry.address),
    options,
  );
  const naming: NamingDeps = { resolver: deps.resolver, logger: deps.logger, family: local?.family };
  const set = new ServerSet(naming, (at) => settingOf(listed[at]?.index ?? 0));
  set.replace(listed.map(({ entry }) => withoutScheme(entry)));
  const read = (found: Parameters<typeof readFound>[0]): ListedServer[] => readListed(found, speaksTls, local);
  const others = servers.flatMap((entry, index): ServerSource[] => {
    if ('address' in entry) return [];
    const setting = settingOf(index);
    if ('srv' in entry) return [new ServiceServers(entry, naming, setting)];
    if (deps.discovery === undefined)
      throw configurationError('servers need "discovery", which was not given.', setting);
    return [new DiscoveredServers(deps.discovery('servers', index), { ...naming, read }, setting)];
  });
  // A list that is empty would be known to be empty at once.
  const sources = listed.length === 0 ? others : [set, ...others];
  return new JoinedSource(sources, set.isConstant && others.length === 0);
}

function settingOf(index: number): string {
  return `chainer.servers[${index}]`;
}

function checkListed(addresses: readonly ServerAddress[], options: SourceOptions): void {
  const written = addresses.map(writtenAs);
  const twice = written.find((server, at) => written.indexOf(server) < at);
  if (twice !== undefined)
    throw configurationError(`servers has ${twice} twice; give it a weight instead.`, 'chainer.servers');
  for (const address of addresses) {
    if (isName(address)) continue;
    checkSameFamily(options.local, address);
    checkForgeable(options, address);
  }
}

/** What a discovery has found, if connections of the pool can be made to it. Throws an Error that says why not. */
function readListed(
  found: Parameters<typeof readFound>[0],
  speaksTls: boolean,
  local: InetAddr | undefined,
): ListedServer[] {
  return readFound(found).map((server) => {
    const { address } = server;
    if (address.tls !== undefined && address.tls !== speaksTls) {
      throw new Error(
        `${writtenAs(address)} ${address.tls ? 'speaks TLS, which the pool does not' : 'is http://, and the pool speaks TLS'}`,
      );
    }
    if (!isName(address)) checkSameFamily(local, address);
    return withoutScheme(server);
  });
}

function withoutScheme({ address, ...options }: PoolServerOptions): ListedServer {
  const { tls: _tls, ...plain }: WrittenServer = address;
  return { ...options, address: plain };
}
