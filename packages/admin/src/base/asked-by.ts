import type { FastifyRequest } from 'fastify';
import type { AskedBy } from './state.ts';

/** Who asks, for the log. */
export function askedBy({ identity }: FastifyRequest): AskedBy {
  return { by: identity?.name ?? 'anonymous' };
}
