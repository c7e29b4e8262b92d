import { lazily, typeNames } from '@inband/chainers';
import * as z from 'zod';
import { text } from '../../values/values.ts';

/** Certificates have at most a hundred names at the usual CAs. */
const MOST_NAMES = 100;

const NAME = /^(?:\*\.)?(?=.{4,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!\d+$)(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const NAME_EXPECTED = 'expected the name of a host, such as "shop.example" or "*.shop.example" (others in xn-- form)';

const host = lazily(() =>
  z
    .string({ error: NAME_EXPECTED })
    .transform((written) => written.toLowerCase())
    .refine((written) => NAME.test(written), NAME_EXPECTED),
);

const secureUrl = () =>
  z
    .string()
    .refine((written) => URL.canParse(written) && new URL(written).protocol === 'https:', 'expected an https: URL');

const CHALLENGE_EXPECTED = 'expected "http-01", "tls-alpn-01", or a mapping with the "type" of a plugin for the DNS';

const challenge = lazily(() =>
  z.union(
    [
      z.enum(['http-01', 'tls-alpn-01']),
      z
        .looseObject({ type: text.describe('The kind of DNS service; the other keys are its options.') })
        .register(typeNames, { name: 'AcmeDnsInput' }),
    ],
    { error: CHALLENGE_EXPECTED },
  ),
).default('tls-alpn-01');

/** Certificates of a CA by ACME. Off unless it is configured. */
export const acme = lazily(() =>
  z.strictObject({
    directory: secureUrl().describe('The CA: the URL of its ACME directory. Who sets it accepts the terms of the CA.'),
    email: z.email().optional().describe('Where the CA may write to.'),
    hosts: z
      .array(
        z.union([host, z.array(host).min(1).max(MOST_NAMES)], {
          error: 'expected the name of a host, or a list of names that share a certificate',
        }),
      )
      .default([])
      .describe('A certificate for each. A list within the list: one certificate for several names.'),
    challenge: challenge.describe(
      'How the CA sees that they are ours: at port 443, at port 80, or (wildcards, too) in the DNS, by a plugin.',
    ),
    state: text.describe('The folder where account and certificates are kept. Relative to this file.'),
    ca: text
      .optional()
      .describe('Whom to trust for the server of the CA itself (PEM), in place of the usual authorities.'),
    profile: text.optional().describe('One of the profiles of the CA, such as "shortlived".'),
    eab: z
      .strictObject({
        kid: text.describe('The name of the account that the CA knows.'),
        hmacKey: z
          .string()
          .regex(/^[\w-]+={0,2}$/, 'expected base64url')
          .meta({ writeOnly: true })
          .describe('Its key, in base64url, as the CA gives it.'),
      })
      .optional()
      .describe('For a CA that has accounts only for its customers (external account binding).'),
    onDemand: z
      .strictObject({
        allow: z
          .array(host)
          .min(1)
          .describe('For these names, and one label below those that begin with "*.". For no others.'),
        perHour: z.int().min(1).max(10_000).default(30).describe('New names within an hour.'),
      })
      .optional()
      .describe('Certificates that are ordered when a client asks for a name the first time.'),
  }),
)
  .optional()
  .describe('Certificates that are ordered and renewed by ACME. Off unless it is here.');
