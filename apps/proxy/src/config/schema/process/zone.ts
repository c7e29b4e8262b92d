import { lazily, zoneName } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../../values/one-or-more.ts';
import { text } from '../../values/values.ts';

/** Most names of one zone. Each is resolved again and again. */
const MAX_ZONE_HOSTS = 256;

/** A zone of `zones`. */
export const zone = lazily(() =>
  z.union(
    [
      z.array(text).describe('CIDRs and addresses.'),
      z.strictObject({
        addresses: z.array(text).default([]).describe('CIDRs and addresses.'),
        file: oneOrMore(text, 'the path of a file')
          .optional()
          .describe('Files of CIDRs, one a line; relative to this file.'),
        hosts: z
          .array(text)
          .max(MAX_ZONE_HOSTS)
          .optional()
          .describe('Names whose addresses are in the zone, kept up to date.'),
        parent: zoneName.optional().describe('The zone that this one belongs to, whatever its addresses.'),
      }),
    ],
    { error: 'expected a list of CIDRs, or a mapping with "addresses", "file", "hosts" and "parent"' },
  ),
);
