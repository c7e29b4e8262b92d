import { lazily } from '@inband/chainers';
import type * as auth from '@inband/auth';
import { definePlugin } from '@inband/core';
import * as z from 'zod';
import { readBounded } from '../read/bounded-file.ts';
import { readFollowed } from './followed.ts';
import { groups, httpUrl, realm, text } from './options.ts';

/** Signatures by keys of which the public one verifies. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const keys = () =>
  z
    .strictObject({
      file: text.optional().describe('A file with the keys (JWKS), which is followed. Relative to this file.'),
      url: httpUrl.optional().describe('Where the keys (JWKS) are fetched.'),
    })
    .refine(({ file, url }) => (file === undefined) !== (url === undefined), 'expected either "file" or "url"');

const options = lazily(() =>
  z
    .strictObject({
      realm,
      keys: keys().describe('The public keys by which tokens are verified (RFC 7517).'),
      issuer: text.describe('Who must have issued a token: its claim "iss".'),
      audience: z
        .union([text, z.array(text).min(1)], { error: 'expected a text, or a list of them that is not empty' })
        .transform((written) => (Array.isArray(written) ? written : [written]))
        .describe('For whom a token must be: one of these is in its claim "aud".'),
      algorithms: z
        .array(z.enum(ALGORITHMS))
        .min(1)
        .default([...ALGORITHMS])
        .describe('The signatures that count, whatever a token says.'),
      claims: z
        .strictObject({
          user: text.default('sub').describe('The claim that is the user; "a.b" is one within another.'),
          groups: text.default('groups').describe('The claim with the groups of the user.'),
        })
        .prefault({})
        .describe('What of a token says who somebody is.'),
      asPassword: z
        .boolean()
        .default(false)
        .describe('Whether a token may come as the password of Basic, from programs that know nothing else.'),
      groups: groups.describe('Further groups with their users, beside those of the token.'),
    })
    .describe('Signed tokens (JWT), as Bearer (RFC 6750).'),
);

interface Prepared {
  readonly module: typeof auth;
  readonly from: string | auth.Version<auth.KeySet>;
}

export const bearerAuth = definePlugin<z.output<typeof options>, Prepared>({
  provides: 'auth',
  kind: 'bearer',
  schema: options,
  async prepare({ keys: { file, url = '' } }, context) {
    const module = await import('@inband/auth');
    if (file === undefined) return { module, from: url };
    const reading = { name: file, option: ['keys', 'file'], parse: module.readKeySet, none: module.NO_KEYS };
    return { module, from: await readFollowed(module, reading, context) };
  },
  create: ({ keys: _read, ...written }, { setting, logger, guesses, revoked }, { module, from }) =>
    new module.BearerAuthenticator({ ...written, setting }, from, { logger, read: readBounded, guesses, revoked }),
});
