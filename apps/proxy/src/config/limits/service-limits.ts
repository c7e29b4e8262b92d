import * as z from 'zod';
import { rate } from './rate.ts';

/** What the service, a client or a user may have. `who` completes a sentence: "of one client". */
function shared(who: string) {
  return {
    requests: rate.optional().describe(`Requests ${who}, CONNECT among them. Beyond it they are refused.`),
  };
}

/** `services.NAME.limits`. */
export const serviceLimits = z
  .strictObject({
    ...shared('of the whole service'),
    perClient: z.strictObject(shared('of one client')).prefault({}).describe('What one client may have.'),
    perUser: z
      .strictObject(shared('of one user'))
      .prefault({})
      .describe('What one user may have who has authenticated, from whatever addresses.'),
    ipv4Prefix: z.int().min(1).max(32).default(32).describe('Bits of an IPv4 address that make one client.'),
    ipv6Prefix: z.int().min(1).max(128).default(64).describe('Bits of an IPv6 address that make one client.'),
  })
  .describe('How much clients and users may ask of this service.');
