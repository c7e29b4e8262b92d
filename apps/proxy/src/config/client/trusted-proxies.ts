import { duration, lazily, zoneOrAddress } from '@inband/chainers';
import * as z from 'zod';

const from = lazily(() =>
  z
    .union([zoneOrAddress, z.array(zoneOrAddress).min(1)], {
      error: 'expected the name of a zone, an address or a CIDR, or a list of them that is not empty',
    })
    .transform((written) => (Array.isArray(written) ? written : [written])),
);

const whole = lazily(() =>
  z.strictObject({
    from: from.describe(
      'Zones, addresses or CIDRs of the proxies. Name the proxies, not the network that they are in.',
    ),
    fields: z
      .enum(['either', 'x-forwarded-for', 'forwarded', 'none'])
      .default('either')
      .describe(
        'Which field says who the client is. either: the one that is there; where both are, they must agree. none: only the PROXY protocol does.',
      ),
    hops: z
      .int()
      .min(1)
      .max(100)
      .default(10)
      .describe('The most trusted proxies one behind the other. A request that names more is refused.'),
  }),
);

type Whole = z.output<typeof whole>;

/** `services.NAME.trustedProxies`: a list of addresses, or a mapping. Its output is the mapping. */
export const trustedProxies = lazily(() =>
  z
    .union([from, whole], { error: 'expected zones, addresses or CIDRs, or a mapping with "from"' })
    .transform((written): Whole => (Array.isArray(written) ? { from: written, fields: 'either', hops: 10 } : written)),
);

const presence = z.enum(['required', 'optional']);

const TIMEOUT = 5_000;

/** `listeners[].proxyProtocol`. Its output is the mapping. */
export const proxyProtocol = lazily(() =>
  z
    .union(
      [
        presence,
        z.strictObject({
          accept: presence.describe(
            'required: every connection begins with a header, and only trusted proxies may connect. optional: trusted proxies may send one.',
          ),
          timeout: duration().prefault('5s').describe('Time for the header, from the accepted connection.'),
        }),
      ],
      { error: 'expected "required" or "optional", or a mapping with "accept"' },
    )
    .transform((written) => (typeof written === 'string' ? { accept: written, timeout: TIMEOUT } : written)),
);
