import { duration, lazily } from '@inband/chainers';
import * as z from 'zod';
import { isPlaceProblem, storePlace } from './store-place.ts';
import { text } from '../values/values.ts';

/** What stands in the names of keys, channels and buckets of every store. */
export const KEY_NAME = /^[A-Za-z0-9_-]{1,40}$/;
export const KEY_EXPECTED = 'expected 1 to 40 letters, digits, "-" and "_"';

/** Milliseconds. Beyond that, requests would rather be decided without the store. */
const LONGEST_DEADLINE = 5_000;

const SECRET_EXPECTED = 'expected a text, or a mapping with the "file" in which it stands';

/** Written here, or in a file of its own. */
const secretText = (what: string) =>
  z
    .union(
      [
        z.string().min(1).meta({ writeOnly: true }).describe(`${what}. Written as "\${NAME}" it stands in no file.`),
        z.strictObject({
          file: text.describe('The file in whose first and only line it stands. Relative to this file.'),
        }),
      ],
      { error: SECRET_EXPECTED },
    )
    .optional()
    .describe(`${what}, or a mapping with the file in which it stands.`);

const tls = lazily(() =>
  z.strictObject({
    ca: text.optional().describe('Whom to trust (PEM), in place of the usual authorities. Relative to this file.'),
    cert: text.optional().describe('Our certificate (PEM), for a store that asks for one.'),
    key: text.optional().describe('The key of that (PEM). Left out: it is in the file of the certificate.'),
    servername: text
      .optional()
      .describe('The name that the certificate of the store has, where it is another than its host.'),
  }),
);

/** `store`. */
export const store = lazily(() =>
  z
    .strictObject({
      type: z
        .enum(['memory', 'redis', 'nats'])
        .describe('memory: of this machine. redis: Valkey or Redis. nats: NATS with JetStream.'),
      url: text
        .optional()
        .describe(
          'Where it is: "rediss://limits.internal:6379" (TLS), "redis://…", "unix:/run/valkey.sock"; "nats://…", "tls://…".',
        ),
      servers: z
        .array(text)
        .min(1)
        .max(64)
        .optional()
        .describe(
          'Instead of url: addresses of a Cluster of Redis, of its Sentinels (with master), or of servers of NATS.',
        ),
      master: text.optional().describe('The name by which the Sentinels know the server.'),
      user: text.optional().describe('The user as whom it is asked.'),
      password: secretText('The password of that user'),
      token: secretText('For NATS: a token, in place of user and password'),
      tls: z
        .union([z.boolean(), tls], { error: 'expected true, or a mapping with "ca", "cert", "key" and "servername"' })
        .optional()
        .describe('Whether and how TLS is spoken with "servers"; how, with a URL that says whether.'),
      key: z
        .string()
        .regex(KEY_NAME, { error: KEY_EXPECTED })
        .default('inband')
        .describe('What all keys in it begin with, before the name of the cluster.'),
      deadline: duration()
        .refine((milliseconds) => milliseconds <= LONGEST_DEADLINE, 'expected at most 5s')
        .prefault('50ms')
        .describe('How long an answer of it is waited for. No request waits.'),
      away: z
        .enum(['local', 'open', 'closed'])
        .default('local')
        .describe(
          'What limits are while it does not answer: divided among the last known members, none, or nothing passes.',
        ),
    })
    .superRefine((written, context) => {
      const complain = (key: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [key], message });
      const { type } = written;
      if (type === 'memory') {
        const remote = ['url', 'servers', 'master', 'user', 'password', 'token', 'tls'] as const;
        for (const key of remote)
          if (written[key] !== undefined) complain(key, 'the memory of this machine has none: see "type".');
        return;
      }
      const place = storePlace(written);
      if (isPlaceProblem(place)) return complain(place[0], `${place[1]}.`);
      if (place.user !== undefined && written.user !== undefined) complain('user', 'the URL has a user already.');
      if (place.password !== undefined && written.password !== undefined)
        complain('password', 'the URL has a password already.');
      if (written.token !== undefined && type !== 'nats') complain('token', 'only NATS knows tokens.');
      if (written.token !== undefined && place.token !== undefined) complain('token', 'the URL has a token already.');
      if (written.token !== undefined && (written.user ?? written.password ?? place.user) !== undefined)
        complain('token', 'there is a user or a password already.');
      if (written.url !== undefined && typeof written.tls === 'boolean' && written.tls !== place.isSecure)
        complain(
          'tls',
          `the URL says whether TLS is spoken: it begins with ${type === 'nats' ? '"tls:"' : '"rediss:"'} for that.`,
        );
      if (written.url !== undefined && typeof written.tls === 'object' && !place.isSecure)
        complain(
          'tls',
          `without TLS this has no effect; the URL begins with ${type === 'nats' ? '"tls:"' : '"rediss:"'} for TLS.`,
        );
      if (typeof written.tls === 'object' && written.tls.key !== undefined && written.tls.cert === undefined)
        complain('tls', 'a key without its certificate ("cert").');
    }),
)
  .optional()
  .describe('What machines and workers share. Left out: workers share by the memory of their machine.');
