import type * as auth from '@inband/auth';
import { lazily, zoneName } from '@inband/chainers';
import { definePlugin } from '@inband/core';
import * as z from 'zod';
import { text } from './options.ts';

const options = lazily(() =>
  z
    .strictObject({
      zones: z
        .array(zoneName)
        .min(1)
        .describe('The zones whose names are users. Of a client in several of them the most specific one counts.'),
      groups: z
        .record(text, z.array(text))
        .default({})
        .describe('Groups with the zones in them, for "groups" in access rules.'),
    })
    .describe('The address of the client: the zone that it is in is the user.'),
);

export const addressAuth = definePlugin<z.output<typeof options>, typeof auth>({
  provides: 'auth',
  kind: 'address',
  schema: options,
  looksAtConnection: true,
  prepare: () => import('@inband/auth'),
  create: (written, { zones }, { AddressAuthenticator }) => new AddressAuthenticator(written, zones),
});
