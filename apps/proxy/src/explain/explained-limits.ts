import { ClientNetworks, type Rate, type ScopeLimits, type SockAddr } from '@inband/core';
import { formatSize } from '../config/values/size.ts';
import type { ServiceConfig } from '../config/schema/schema.ts';

const UNITS: Readonly<Record<number, string>> = { 1_000: 's', 60_000: 'm', 3_600_000: 'h' };

/**
 * The limits that hold for a client: `perClient.requests of 10.1.2.3: 100/s, burst 1000`. Not what is left of them, because an explanation
 * counts for nobody.
 */
export function limitsOn(
  limits: ServiceConfig['limits'],
  { client, user }: { readonly client: SockAddr; readonly user: string | undefined },
): { readonly limits?: readonly string[] } {
  if (limits === undefined) return {};
  const network = new ClientNetworks(limits).networkOf(client);
  const lines = [
    ...linesOf(limits, 'all clients', ''),
    ...(network === undefined ? [] : linesOf(limits.perClient, network, 'perClient.')),
    ...(user === undefined ? [] : linesOf(limits.perUser, user, 'perUser.')),
    ...(limits.requestsPerConnection === undefined ? [] : [`requestsPerConnection: ${limits.requestsPerConnection}`]),
    ...leastOf(limits.minimumRate),
    ...(limits.queued === undefined ? [] : [`queued: ${formatSize(limits.queued)}`]),
  ];
  return { limits: lines };
}

function linesOf(
  { requests, newConnections, connections, tunnels, bandwidth, quota }: ScopeLimits,
  who: string,
  scope: string,
): string[] {
  const most: readonly (readonly [key: string, value: string | number | undefined])[] = [
    ['requests', requests && formatRate(requests)],
    ['newConnections', newConnections && formatRate(newConnections)],
    ['connections', connections],
    ['tunnels', tunnels],
    ['bandwidth.in', bandwidth?.in && `${formatSize(bandwidth.in)}/s`],
    ['bandwidth.out', bandwidth?.out && `${formatSize(bandwidth.out)}/s`],
    ['quota', quota && (quota.soft === true ? `${quota.written}, soft` : quota.written)],
  ];
  return most.flatMap(([key, value]) => (value === undefined ? [] : [`${scope}${key} of ${who}: ${value}`]));
}

function leastOf(rates: NonNullable<ServiceConfig['limits']>['minimumRate']): string[] {
  return Object.entries(rates ?? {}).flatMap(([message, least]) => {
    return least === undefined ? [] : [`minimumRate.${message}: ${least.written}, over ${least.grace} ms`];
  });
}

function formatRate({ amount, per, burst }: Rate): string {
  return `${amount}/${UNITS[per] ?? `${per}ms`}, burst ${burst}`;
}
