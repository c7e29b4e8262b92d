import { formatSockAddr, type Session } from '@inband/core';
import { z } from 'zod';
import type { Balancer } from '../balance/balancer.ts';
import { hashText } from '../balance/hash32.ts';
import { HashBalancer } from '../balance/hash.ts';
import { LatencyBalancer } from '../balance/latency.ts';
import { LeastConnections } from '../balance/least-connections.ts';
import { RandomBalancer } from '../balance/random.ts';
import { RoundRobin } from '../balance/round-robin.ts';
import { TwoChoices } from '../balance/two-choices.ts';
import type { PoolMember } from '../members/pool-member.ts';

/** What sessions that are to have the same server have in common. */
export type HashedPart = 'client' | 'host';

export type Balance =
  | 'p2c'
  | 'round-robin'
  | 'least-connections'
  | 'latency'
  | 'random'
  | { readonly hash: HashedPart };

export const balance = z
  .union([
    z.enum(['p2c', 'round-robin', 'least-connections', 'latency', 'random']),
    z.strictObject({
      hash: z.enum(['client', 'host']).describe('client: its address; host: the host that it asks for.'),
    }),
  ])
  .optional()
  .describe(
    'How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections, round-robin, random, latency: what they say. hash: the same one for the same client or host.',
  );

/** From this number of servers on it is better to compare two than to go round. */
const TWO_CHOICES_FROM = 3;

/**
 * The balancer for so many servers: `before` if it is as good, because it knows whose turn it is. `now`: milliseconds.
 */
export function balancerOf(
  kind: Balance | undefined,
  servers: number,
  now: () => number,
  before?: Balancer<PoolMember>,
): Balancer<PoolMember> {
  const made = madeFor(kind, servers, now);
  return before !== undefined && isAsGood(before, made) ? before : made;
}

function isAsGood(before: Balancer<PoolMember>, made: Balancer<PoolMember>): boolean {
  if (before instanceof HashBalancer && made instanceof HashBalancer) return before.isLarge === made.isLarge;
  return before.constructor === made.constructor;
}

function madeFor(kind: Balance = 'p2c', servers: number, now: () => number): Balancer<PoolMember> {
  if (typeof kind === 'object') return new HashBalancer(servers);
  switch (kind) {
    case 'p2c':
      return servers < TWO_CHOICES_FROM ? new LeastConnections() : new TwoChoices();
    case 'round-robin':
      return new RoundRobin();
    case 'least-connections':
      return new LeastConnections();
    case 'latency':
      return new LatencyBalancer(now);
    case 'random':
      return new RandomBalancer();
  }
}

/** What of a session is hashed. 0 where nothing is. */
export function hashOf(kind: Balance | undefined, { client, target }: Session): number {
  if (typeof kind !== 'object') return 0;
  if (kind.hash === 'host') return hashText(target?.host.toLowerCase() ?? '');
  // The address without the port, so that a client stays with its server.
  const { address } = client;
  return hashText(address.family === 'unix' ? formatSockAddr(address) : address.address);
}
