import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import type { StickyOptions, StickySecrets } from '../affinity/sticky-cookie.ts';

/** As a configuration has it. */
export interface WrittenSticky extends StickyOptions {
  /** The file in which the secret stands. */
  readonly secretFile?: string | undefined;
}

/** Characters of a secret. Shorter ones are found by trying. */
export const SHORTEST_SECRET = 16;
export const NO_SECRET = `expected a text of at least ${SHORTEST_SECRET} characters ("openssl rand -base64 24" makes one)`;

const secret = lazily(() =>
  z
    .string({ error: NO_SECRET })
    .min(SHORTEST_SECRET, { error: NO_SECRET })
    .meta({ writeOnly: true })
    .describe('A secret. Instances with the same one accept the cookies of each other.'),
);

const secrets = lazily(() =>
  z.union([
    secret.transform((one): StickySecrets => [one]),
    z
      .array(secret)
      .min(1)
      .transform(([first = '', ...others]): StickySecrets => [first, ...others]),
  ]),
)
  .optional()
  .meta({ writeOnly: true })
  .describe(
    'What signs the cookie. Of a list the first one signs, and all are accepted. Default: a key of this machine.',
  );

/** Browsers take a cookie with such a name only over TLS. */
const PREFIXED = /^__(?:host|secure)-/i;

export const sticky = lazily(() =>
  z
    .strictObject({
      cookie: z
        .string()
        .regex(/^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/, { error: 'the name of a cookie is letters, digits, "-", "_" and "."' })
        .refine((name) => !PREFIXED.test(name), {
          error: 'names with __Host- and __Secure- need TLS with every client',
        })
        .describe('The name of the cookie. Neither a server nor another pool of the same site may use it.'),
      secret: secrets,
      secretFile: z
        .string()
        .min(1)
        .optional()
        .describe('Instead of secret: the file in whose first and only line it stands. Relative to this file.'),
      sameSite: z
        .enum(['lax', 'strict', 'none'])
        .default('lax')
        .describe('Whether other sites can have a browser send it, as SameSite of a cookie.'),
      secure: z
        .boolean()
        .optional()
        .describe('Whether browsers send it over TLS only. Default: where the client speaks TLS with this proxy.'),
    })
    .refine(({ secret: given, secretFile }) => given === undefined || secretFile === undefined, {
      error: 'there is a secret already',
      path: ['secretFile'],
    }),
)
  .optional()
  .describe('Brings a client back to its server by a cookie, which is signed and not passed to servers.');
