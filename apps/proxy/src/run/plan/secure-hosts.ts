import type { SecureHosts } from '@inband/http-proxy';
import { parseIp } from '@inband/core';
import type { Config } from '../../config/schema/schema.ts';

/** Which hosts are served where, for a service to which a listener leads that speaks TLS. */
export function secureHostsOf({ listeners, services }: Config, service: string): SecureHosts | undefined {
  const secure = new Set(
    listeners.flatMap(({ service: usual, tls }) =>
      tls === undefined ? [] : [usual, ...tls.match.flatMap(({ terminate }) => terminate ?? [])],
    ),
  );
  if (!secure.delete(service)) return undefined;
  const hostsOf = (name: string): (readonly string[] | undefined)[] =>
    (services[name]?.routes ?? []).map(({ match }) => match?.host);
  const own = hostsOf(service);
  if (own.includes(undefined)) return { here: undefined, elsewhere: [] };
  return { here: namesIn(own), elsewhere: namesIn([...secure].flatMap(hostsOf)) };
}

function namesIn(lists: readonly (readonly string[] | undefined)[]): string[] {
  return lists.flatMap((hosts) => hosts ?? []).filter((host) => parseIp(host) === undefined);
}
