import { typeNames } from '@inband/chainers';
import * as z from 'zod';

const text = z.string().min(1);

/** One way to know who clients are. */
export const basicAuth = z
  .strictObject({
    type: z.literal('basic').describe('User and password (RFC 7617).'),
    realm: z
      .string()
      .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/, {
        error: 'expected 1 to 100 printable characters of ASCII without quotes and backslashes',
      })
      .default('inband')
      .describe('What browsers show beside the question for the password.'),
    users: z
      .record(text, z.string().meta({ writeOnly: true }))
      .optional()
      .describe('Users, with the hash of the password of each. "inband hash" makes them.'),
    file: text.optional().describe('A file of users (htpasswd), which is followed. Relative to this file.'),
    groups: z
      .record(text, z.array(text))
      .default({})
      .describe('Groups with their users, for "groups" in access rules.'),
  })
  .refine(({ users, file }) => (users === undefined) !== (file === undefined), 'expected either "users" or "file"')
  .register(typeNames, { name: 'BasicAuthInput' });

/** The identity of the client's certificate as its user. */
export const certificateAuth = z
  .strictObject({
    type: z.literal('certificate').describe('The client certificate that its listener has verified (tls.clientAuth).'),
    groups: z
      .record(text, z.array(text))
      .default({})
      .describe('Groups with the identities of certificates in them, for "groups" in access rules.'),
  })
  .register(typeNames, { name: 'CertificateAuthInput' });

const way = z.discriminatedUnion('type', [basicAuth, certificateAuth], {
  error: 'expected a mapping with a "type": "basic" or "certificate"',
});

/** How clients authenticate. Its output is a list. */
export const auth = z
  .union([way, z.array(way).min(1)], {
    error: 'expected a mapping with a "type" ("basic" or "certificate"), or a list of them that is not empty',
  })
  .transform((written) => (Array.isArray(written) ? written : [written]));

export type AuthConfig = z.output<typeof way>;
