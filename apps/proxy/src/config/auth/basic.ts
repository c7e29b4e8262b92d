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
      users: z
        .record(text, z.string().meta({ writeOnly: true }))
        .optional()
        .describe('Users, with the hash of the password of each. "inband hash" makes them.'),
      file: text.optional().describe('A file of users (htpasswd), which is followed. Relative to this file.'),
      groups,
    })
    .refine(({ users, file }) => (users === undefined) !== (file === undefined), 'expected either "users" or "file"')
    .describe('User and password (RFC 7617).'),
);

type Options = z.output<typeof options>;

/** What is read before, so that it is a problem of the configuration if it is wrong. */
interface Prepared {
  readonly module: typeof auth;
  readonly from: auth.Users | auth.PasswordFile;
}

export const basicAuth = definePlugin<Options, Prepared>({
  provides: 'auth',
  kind: 'basic',
  schema: options,
  async prepare({ users = {}, file }, context) {
    const module = await import('@inband/auth');
    if (file !== undefined) {
      const reading = { name: file, option: ['file'], parse: module.readHtpasswd, none: new Map() };
      return { module, from: await readFollowed(module, reading, context) };
    }
    const read = module.readUsers(users);
    for (const { user, message } of read.problems)
      context.report(message, user === undefined ? ['users'] : ['users', user]);
    if (read.problems.length === 0) warnOfNobody(read.content, ['users'], context);
    return { module, from: read.content };
  },
  create: ({ realm: shown, groups: written }, { setting, logger, guesses }, { module, from }) =>
    new module.BasicAuthenticator({ realm: shown, groups: written, setting }, from, {
      logger,
      read: readBounded,
      guesses,
    }),
});
