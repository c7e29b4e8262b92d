import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import { HASHED_PART, hashBy, isHashedPart, type HashedPart, type HashOf, isOfRequest } from '../affinity/hash-key.ts';
import type { Balancer } from '../balance/balancer.ts';
import { HashBalancer } from '../balance/hash.ts';
import { LatencyBalancer } from '../balance/latency.ts';
import { LeastConnections } from '../balance/least-connections.ts';
import { RandomBalancer } from '../balance/random.ts';
import { RoundRobin } from '../balance/round-robin.ts';
import { TwoChoices } from '../balance/two-choices.ts';
import type { PoolMember } from '../members/pool-member.ts';

export type Balance =
  | 'p2c'
  | 'round-robin'
  | 'least-connections'
  | 'latency'
  | 'random'
  | { readonly hash: HashedPart };

const NO_PART = 'expected client, host, path, header.NAME, cookie.NAME or query.NAME';

const hashed = lazily(() =>
  z.string({ error: NO_PART }).regex(HASHED_PART, { error: NO_PART }).pipe(z.custom<HashedPart>(isHashedPart)),
);

export const balance = lazily(() =>
  z.union([
    z.enum(['p2c', 'round-robin', 'least-connections', 'latency', 'random']),
    z.strictObject({
      hash: hashed.describe(
        'What sessions that get the same server have in common: client (its address), host, path, header.NAME, cookie.NAME or query.NAME.',
      ),
    }),
  ]),
)
  .optional()
  .describe(
    'How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections, round-robin, random, latency: what they say. hash: the same one for what has the same part.',
  );

/** From this number of servers on it is better to compare two than to go round. */
export const TWO_CHOICES_FROM = 3;

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
export function hashOf(kind: Balance | undefined): HashOf {
  return typeof kind === 'object' ? hashBy(kind.hash) : () => 0;
}

/** Whether a server is chosen by what the request says. */
export function choosesByRequest(kind: Balance | undefined): boolean {
  return typeof kind === 'object' && isOfRequest(kind.hash);
}
