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
      algorithms: z
        .array(z.enum(['SHA-256', 'MD5']))
        .min(1)
        .default(['SHA-256'])
        .describe('Hashes that clients are offered, the preferred one first. MD5 is for old programs only.'),
      users: z
        .record(text, z.string().meta({ writeOnly: true }))
        .optional()
        .describe(
          'Users, with the hash of user, realm and password of each. "inband hash --scheme digest" makes them.',
        ),
      file: text
        .optional()
        .describe(
          'A file of users (htdigest), which is followed: "user:realm:hash" on each line. Relative to this file.',
        ),
      groups,
    })
    .refine(({ users, file }) => (users === undefined) !== (file === undefined), 'expected either "users" or "file"')
    .describe('User and password, of which only hashes are sent (RFC 7616).'),
);

interface Prepared {
  readonly module: typeof auth;
  readonly from: auth.DigestUsers | auth.DigestFile;
}

export const digestAuth = definePlugin<z.output<typeof options>, Prepared>({
  provides: 'auth',
  kind: 'digest',
  schema: options,
  async prepare({ realm: of, algorithms, users = {}, file }, context) {
    const module = await import('@inband/auth');
    if (file !== undefined) {
      const parse = (written: string): ReturnType<auth.Parse<auth.DigestUsers>> =>
        module.readHtdigest(written, of, algorithms);
      const none: auth.DigestUsers = new Map();
      return { module, from: await readFollowed(module, { name: file, option: ['file'], parse, none }, context) };
    }
    const read = module.readDigestUsers(users, algorithms);
    for (const { user, message } of read.problems) {
      context.report(message, user === undefined ? ['users'] : ['users', user]);
    }
    if (read.problems.length === 0) warnOfNobody(read.content, ['users'], context);
    return { module, from: read.content };
  },
  create: ({ users: _read, file: _file, ...written }, { setting, logger, guesses }, { module, from }) =>
    new module.DigestAuthenticator({ ...written, setting }, from, { logger, read: readBounded, guesses }),
});
