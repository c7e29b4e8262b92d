import { dnsFailure } from '../dns-errors.ts';
import { foundServices } from './found-services.ts';
import type { ServiceResolution } from '../resolver.ts';
import type { DnsClient } from './dns-client.ts';

/** Queries the SRV records of exactly this name. Rejects with a ProxyError. */
export async function queryServices(
  client: DnsClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ServiceResolution> {
  const records = await client.services(name, signal ?? NEVER).catch((error: unknown) => {
    throw dnsFailure(name, error);
  });
  return { services: foundServices(name, records), ttl: Math.min(...records.map(({ ttl }) => ttl)) };
}

const NEVER = new AbortController().signal;
