import { lazily } from '@inband/chainers';
import type * as auth from '@inband/auth';
import { definePlugin } from '@inband/core';
import * as z from 'zod';
import { text } from './options.ts';

const options = lazily(() =>
  z
    .strictObject({
      groups: z
        .record(text, z.array(text))
        .default({})
        .describe('Groups with the identities of certificates in them, for "groups" in access rules.'),
    })
    .describe('The client certificate that its listener has verified (tls.clientAuth).'),
);

export const certificateAuth = definePlugin<z.output<typeof options>, typeof auth>({
  provides: 'auth',
  kind: 'certificate',
  schema: options,
  looksAtConnection: true,
  prepare: () => import('@inband/auth'),
  create: (written, _deps, { CertificateAuthenticator }) => new CertificateAuthenticator(written),
});
