import { Resolver } from 'node:dns/promises';
import { dnsFailure } from '../dns-errors.ts';
import { foundServices } from '../dns/found-services.ts';
import type { ServiceResolution } from '../resolver.ts';

/** Milliseconds for one query, and queries to each server: together less than the timeout of a look-up. */
const QUERY = { timeout: 2_000, tries: 2 };

/**
 * Looks up SRV records by node:dns (c-ares) at the DNS servers of the machine, because getaddrinfo has addresses only. It does not know
 * their time to live.
 */
export async function lookUpServices(
  name: string,
  signal?: AbortSignal,
  resolver: Resolver = new Resolver(QUERY),
): Promise<ServiceResolution> {
  const cancel = (): void => resolver.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const records = await resolver.resolveSrv(name);
    const withTarget = records.map(({ name: target, ...record }) => ({ ...record, target: target.toLowerCase() }));
    return { services: foundServices(name, withTarget) };
  } catch (error) {
    throw dnsFailure(name, error);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
