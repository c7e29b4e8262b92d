import type { PoolMember } from '../members/pool-member.ts';

/** What a pool may have at one time. */
export interface PoolLimits {
  /** Sessions at all servers together. Infinity: no limit but those of the servers. */
  readonly maxConnections: number;
  /** The most sessions that wait for room. Undefined: four times what all servers may have. */
  readonly queueSize: number | undefined;
  /** Milliseconds that a session waits for room at most. */
  readonly queueTimeout: number;
}

/** Sessions that wait, for each that the servers may have, unless the configuration says something else. */
const WAITING_FOR_EACH = 4;

/** How many sessions may wait. */
export function queueSize({ queueSize: size, maxConnections }: PoolLimits, members: readonly PoolMember[]): number {
  if (size !== undefined) return size;
  if (maxConnections !== Infinity) return WAITING_FOR_EACH * maxConnections;
  const limits = members.map(({ server }) => server.maxConnections ?? 0);
  return WAITING_FOR_EACH * limits.reduce((sum, limit) => sum + limit, 0);
}
