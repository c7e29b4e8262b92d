import { defaultLookupLimits } from '@inband/core';

/**
 * Descriptors for everything but clients, their servers and look-ups: the runtime, the log, listeners, pipes for splice,
 * parallel attempts to connect.
 */
const KEPT = 48;

/** The number of look-ups that may run at once. Each takes two descriptors, and together they may have a quarter of all. */
export function lookupsWithin(descriptors: number): number {
  return Math.max(1, Math.min(defaultLookupLimits.lookups, Math.floor(descriptors / 8)));
}

/**
 * The number of clients that may be connected at once. Each may need a server connection at the same time, or a look-up,
 * which takes one descriptor more. No accepted client should have to wait for a descriptor.
 */
export function clientsWithin(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - KEPT - lookupsWithin(descriptors)) / 2));
}
