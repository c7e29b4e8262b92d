import { lazily } from '@inband/chainers';
import type * as auth from '@inband/auth';
import { definePlugin } from '@inband/core';
import * as z from 'zod';
import { readBounded } from '../read/bounded-file.ts';
import { readFollowed } from './followed.ts';
import { warnOfNobody } from './nobody.ts';
import { groups, realm, text } from './options.ts';

const options = lazily(() =>
  z
    .strictObject({
      realm,
      tokens: z
        .record(text, z.string().meta({ writeOnly: true }))
        .optional()
        .describe(
          'Users, with "sha256:" and the SHA-256 of the token of each. "inband hash --scheme token" makes one.',
        ),
      file: text.optional().describe('A file of tokens, which is followed: "user:sha256:…" on each line.'),
      groups,
    })
    .refine(({ tokens, file }) => (tokens === undefined) !== (file === undefined), 'expected either "tokens" or "file"')
    .describe('Random tokens of programs and jobs, as Bearer or as the password of Basic.'),
);

interface Prepared {
  readonly module: typeof auth;
  readonly from: auth.Tokens | auth.Version<auth.Tokens>;
}

export const tokenAuth = definePlugin<z.output<typeof options>, Prepared>({
  provides: 'auth',
  kind: 'token',
  schema: options,
  async prepare({ tokens = {}, file }, context) {
    const module = await import('@inband/auth');
    if (file !== undefined) {
      const reading = { name: file, option: ['file'], parse: module.readTokenFile, none: new Map<string, string>() };
      return { module, from: await readFollowed(module, reading, context) };
    }
    const read = module.readTokens(tokens);
    for (const { user, message } of read.problems) {
      context.report(message, user === undefined ? ['tokens'] : ['tokens', user]);
    }
    if (read.problems.length === 0) warnOfNobody(read.content, ['tokens'], context);
    return { module, from: read.content };
  },
  create: (written, { logger, revoked }, { module, from }) =>
    new module.TokenAuthenticator(written, from, { logger, read: readBounded, revoked }),
});
