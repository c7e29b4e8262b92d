import type * as auth from '@inband/auth';
import { duration, lazily } from '@inband/chainers';
import { definePlugin } from '@inband/core';
import { fieldNameProblem } from '@inband/http-proxy';
import * as z from 'zod';
import { groups, httpUrl, text } from './options.ts';

const fieldName = lazily(() =>
  z
    .string()
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'expected the name of a field' })
    .transform((name) => name.toLowerCase()),
);

/** One that a request may go on with. */
const copiedName = lazily(() =>
  text
    .superRefine((name, context) => {
      const problem = fieldNameProblem(name);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .transform((name) => name.toLowerCase()),
);

const options = lazily(() =>
  z
    .strictObject({
      url: httpUrl.describe('Who is asked about each request, by GET and without its body.'),
      fields: z
        .array(fieldName)
        .optional()
        .describe(
          'Fields of the request that are sent. "authorization" is what clients log in by, also in mode forward. Default: authorization, in mode reverse cookie and accept, too.',
        ),
      copy: z
        .array(copiedName)
        .default([])
        .describe('Fields of a 2xx answer that the server gets. Those of the client with these names are left out.'),
      userField: fieldName.default('remote-user').describe('The field of a 2xx answer with the user.'),
      groupsField: fieldName
        .default('remote-groups')
        .describe('The field of a 2xx answer with groups, between commas.'),
      groups: groups.describe('Further groups with their users, beside those of the answer.'),
      timeout: duration().prefault('5s').describe('For one question, to the end of its answer.'),
      concurrency: z.int().min(1).max(4_096).default(64).describe('Questions at once. 256 more wait; then it is 503.'),
      cache: duration({ minimum: 0 })
        .prefault('60s')
        .describe(
          'How long it is remembered who may pass, for the very same request; denials at most 5s. 0: not at all.',
        ),
      failOpen: z
        .boolean()
        .default(false)
        .describe('Whether requests go on, without a user, while nobody answers. Left out: they are refused.'),
    })
    .describe('A service that is asked by HTTP who may pass ("forward auth").'),
);

export const httpAuth = definePlugin<z.output<typeof options>, typeof auth>({
  provides: 'auth',
  kind: 'http',
  schema: options,
  prepare: () => import('@inband/auth'),
  create({ fields, ...written }, { setting, logger, mode }, { ExternalAuthenticator }) {
    // What is for the server of a forward proxy's client is not for whoever is asked.
    const usual = mode === 'forward' ? ['authorization'] : ['authorization', 'cookie', 'accept'];
    return new ExternalAuthenticator({ ...written, fields: fields ?? usual }, { setting, logger, mode });
  },
});
