import { lazily, zoneOrAddress } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../../values/one-or-more.ts';

/** Traces. Nothing of it is loaded where the key is left out. */
export const tracing = lazily(() =>
  z
    .strictObject({
      sdk: z
        .string()
        .min(1)
        .optional()
        .describe(
          'A module that registers an SDK of OpenTelemetry: a package, or a path relative to this file. Left out: something else has registered one.',
        ),
      trust: oneOrMore(zoneOrAddress, 'the name of a zone, an address or a CIDR')
        .optional()
        .describe('Clients whose traces are gone on with: zones, addresses or CIDRs. Left out: none.'),
      propagate: z
        .boolean()
        .default(true)
        .describe('Whether servers get traceparent and tracestate, with the span of the request as parent.'),
    })
    .describe('Traces of requests and tunnels by OpenTelemetry.'),
);
