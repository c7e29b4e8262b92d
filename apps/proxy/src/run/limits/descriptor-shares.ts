import { defaultLookupLimits } from '@inband/core';

/**
 * Descriptors that are not for clients, their servers and look-ups: the runtime, the log, listeners, the pipes of bulky
 * transfers, attempts beside others.
 */
const KEPT = 48;

/** How many look-ups there are descriptors for. Each takes two: a quarter of all is enough for names. */
export function lookupsWithin(descriptors: number): number {
  return Math.max(1, Math.min(defaultLookupLimits.lookups, Math.floor(descriptors / 8)));
}

/**
 * How many clients there are descriptors for: each may need a server connection at the same time, or a look-up instead, which
 * takes one more, and none that is let in is to wait for one. So a third of all descriptors, and more, is always left for servers.
 */
export function clientsWithin(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - KEPT - lookupsWithin(descriptors)) / 2));
}
