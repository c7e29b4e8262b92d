import { duration } from '@inband/chainers';
import { DEFAULT_OVERLOAD_AFTER, DEFAULT_PARTIAL_HEADS } from '@inband/core';
import * as z from 'zod';
import { size } from '../../values/size.ts';

/** `serverPool`. */
export const serverPool = z
  .strictObject({
    idleTimeout: duration().prefault('30s').describe('How long an idle server connection is kept.'),
    maxIdlePerServer: z
      .int()
      .min(0)
      .default(256)
      .describe('Idle connections kept to one server. With one more, the one that was used longest ago is closed.'),
    maxIdle: z
      .int()
      .min(0)
      .default(2048)
      .describe(
        'Idle connections kept in all. With one more, the one of any server that was used longest ago is closed.',
      ),
  })
  .describe('Server connections kept for reuse.');

/** `limits`, of all services together. */
export const limits = z
  .strictObject({
    connections: z
      .int()
      .min(1)
      .optional()
      .describe('Client connections in all. Default: by the limit of descriptors, with one for a server of each.'),
    perClient: z
      .strictObject({
        connections: z.int().min(1).optional().describe('Connections of one client address, or /64 of IPv6.'),
      })
      .prefault({})
      .describe('What one client may have.'),
    partialHeads: size(2 ** 16, 2 ** 40)
      .default(DEFAULT_PARTIAL_HEADS)
      .describe('Memory for incomplete heads and pipelined requests, of all connections together.'),
    overloadAfter: z
      .union([duration({ minimum: 25 }), z.literal('never')])
      .default(DEFAULT_OVERLOAD_AFTER)
      .describe('How long clients may come faster than they are accepted, until those that wait are reset.'),
  })
  .describe('How much clients may ask for, whatever their requests.');
