import { lazily } from '@inband/chainers';
import * as z from 'zod';
import { KEY_EXPECTED, KEY_NAME } from './store.ts';
import { text } from '../values/values.ts';

const MEMBER = /^[A-Za-z0-9._-]{1,100}$/;

/** Secrets that decrypt at one time: the current one, and those of before. */
const MOST_SECRETS = 4;

const secretFiles = lazily(() =>
  z
    .union([text, z.array(text).min(1).max(MOST_SECRETS)], {
      error: `expected a file, or a list of 1 to ${MOST_SECRETS} of them`,
    })
    .transform((written) => (Array.isArray(written) ? written : [written]))
    .describe(
      'A file of 32 random bytes or more, the same on all machines. Of several, the first one encrypts, and all of them decrypt. Relative to this file.',
    ),
);

/** `cluster`. */
export const cluster = lazily(() =>
  z.strictObject({
    name: z
      .string()
      .regex(KEY_NAME, { error: KEY_EXPECTED })
      .default('default')
      .describe('Machines with the same name and the same store are one cluster.'),
    member: z
      .string()
      .regex(MEMBER, { error: 'expected 1 to 100 letters, digits, ".", "-" and "_"' })
      .optional()
      .describe('The name of this machine in it, which no other may have. Default: the name of the host.'),
    secret: z
      .strictObject({ file: secretFiles })
      .optional()
      .describe('By what secrets are encrypted before they go to the store. Without it none goes there.'),
    state: text
      .optional()
      .describe(
        'The folder for what this machine remembers of the cluster, for starts without the store. Relative to this file.',
      ),
  }),
)
  .optional()
  .describe('The machines that act as one, by the store.');
