import { z } from 'zod';
import { serverOfPool } from '../../options/options.ts';
import type { WrittenServer } from '../../options/server-address.ts';
import type { MemberOptions } from '../sources/server-source.ts';

/** One of the `servers` of a pool. */
export interface PoolServerOptions extends MemberOptions {
  readonly address: WrittenServer;
}

export const NO_SERVERS = 'servers needs at least one server';

const server = z.strictObject({
  address: serverOfPool,
  weight: z.number().positive().max(1_000).default(1).describe('Its share of the sessions, beside those of others.'),
  backup: z.boolean().default(false).describe('It gets sessions only while no other server is up.'),
  priority: z.int().min(0).default(0).describe('It gets sessions only while no server with a lower number is up.'),
  zone: z.string().min(1).optional().describe('Where it is: see the zone of the pool.'),
  maxConnections: z.int().min(1).optional().describe('The most sessions that it has at one time. Default: no limit.'),
});

export const poolServers = z
  .array(z.union([serverOfPool.transform((address) => ({ address })), server]))
  .min(1, { error: NO_SERVERS })
  .describe('The servers, each once: an address, or a mapping with an address and what is particular about it.');

export function addressesOf({ servers }: { readonly servers: readonly PoolServerOptions[] }): WrittenServer[] {
  return servers.map(({ address }) => address);
}
