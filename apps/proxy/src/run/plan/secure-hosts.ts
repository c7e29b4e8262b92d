import type { SecureHosts } from '@inband/http-proxy';
import { parseIp } from '@inband/core';
import type { Config, HostConfig } from '../../config/schema/schema.ts';

/** Which hosts are served where, for a service to which a listener leads that speaks TLS. */
export function secureHostsOf({ listeners, services }: Config, service: string): SecureHosts | undefined {
  const secure = new Set(
    listeners.flatMap(({ service: usual, tls }) =>
      tls === undefined ? [] : [usual, ...tls.match.flatMap(({ terminate }) => terminate ?? [])],
    ),
  );
  if (!secure.delete(service)) return undefined;
  const hostsOf = (name: string): (readonly HostConfig[] | undefined)[] =>
    (services[name]?.routes ?? []).map(({ match }) => match?.host);
  const own = hostsOf(service);
  // A list in a file may have any name, and changes.
  const mayBeAny = own.some((hosts) => hosts === undefined || hosts.some((host) => typeof host !== 'string'));
  if (mayBeAny) return { here: undefined, elsewhere: [] };
  return { here: namesIn(own), elsewhere: namesIn([...secure].flatMap(hostsOf)) };
}

function namesIn(lists: readonly (readonly HostConfig[] | undefined)[]): string[] {
  const hosts = lists.flatMap((list) => list ?? []).filter((host) => typeof host === 'string');
  return hosts.filter((host) => parseIp(host) === undefined);
}
