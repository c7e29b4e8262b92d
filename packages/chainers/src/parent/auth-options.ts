import { z } from 'zod';
import { lazily } from '../options/lazily.ts';

/** How this proxy logs in at parents: as a user, or with a token. */
export interface ParentLogin {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  /** At HTTP parents. Default for a user: `basic`, or `digest` where a parent takes nothing else. */
  readonly scheme?: 'basic' | 'digest' | 'negotiate' | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** `pass`: clients log in at the parents by themselves. */
export type ParentAuth = ParentLogin | 'pass';

export type ParentProtocolName = 'http' | 'https' | 'socks4a' | 'socks5';

const VISIBLE = /^[\x21-\x7e]+$/;

/** The longest user and password in SOCKS: their length is one byte. */
const LONGEST_IN_SOCKS = 255;

const printable = () =>
  z
    .string({
      error: ({ input }) =>
        input === undefined ? undefined : 'expected a text; a variable that may look like a number needs !!str',
    })
    .refine((text) => !/\p{Cc}/u.test(text), { error: 'expected a text without control characters' });

const file = z.string().min(1);

/** A login of this proxy. */
export const parentLogin = lazily(() =>
  z
    .strictObject({
      user: printable().min(1).optional().describe('The user that this proxy is at the parents.'),
      password: printable()
        .meta({ writeOnly: true })
        .optional()
        .describe('The password of that user. Written as "${PARENT_PASSWORD}" it stands in no file.'),
      passwordFile: file.optional().describe('Instead of password: the file in whose first and only line it stands.'),
      scheme: z
        .enum(['basic', 'digest', 'negotiate'])
        .optional()
        .describe(
          'How it logs in at HTTP parents. Default: basic, or digest where a parent takes nothing else. negotiate: by the ' +
            'Kerberos tickets of this process, or those of the user (its principal); needs the npm package kerberos.',
        ),
      token: z
        .string()
        .regex(VISIBLE, { error: 'expected a token without spaces' })
        .meta({ writeOnly: true })
        .optional()
        .describe('Instead of a user: a token for HTTP parents (Bearer, RFC 6750).'),
      tokenFile: file.optional().describe('Instead of token: the file in whose first and only line it stands.'),
    })
    .superRefine((written, context) => {
      const [key, message] = contradictionIn(written) ?? [];
      if (key !== undefined) context.addIssue({ code: 'custom', path: [key], message, input: written });
    })
    .describe('How this proxy logs in at the parents. What clients log in with at this proxy stays here.'),
);

export const parentAuth = lazily(() =>
  z.union([z.literal('pass'), parentLogin], { error: 'expected a mapping with a user or a token, or "pass"' }),
)
  .optional()
  .describe(
    'How this proxy logs in at the parents. "pass": each client does so by itself, with its own Proxy-Authorization.',
  );

/** The key that contradicts others, and why. */
function contradictionIn(written: ParentLogin): readonly [key: keyof ParentLogin, message: string] | undefined {
  const { user, password, passwordFile, scheme, token, tokenFile } = written;
  const hasToken = token !== undefined || tokenFile !== undefined;
  const hasPassword = password !== undefined || passwordFile !== undefined;
  if (scheme === 'negotiate') {
    if (hasPassword)
      return [password === undefined ? 'passwordFile' : 'password', 'Kerberos has tickets: leave it out'];
  } else if (user === undefined && !hasToken) return ['user', 'expected a user, or a token'];
  if (user === undefined && hasPassword) return ['user', 'a password needs its user'];
  if (password !== undefined && passwordFile !== undefined) return ['passwordFile', 'there is a password already'];
  if (token !== undefined && tokenFile !== undefined) return ['tokenFile', 'there is a token already'];
  if (hasToken && user !== undefined) return ['user', 'it logs in either as a user or with a token'];
  if (hasToken && scheme !== undefined) return ['scheme', 'a token is said as it is: leave the scheme out'];
  return undefined;
}

/** Why a protocol has no such login. */
export function authProblem(protocol: ParentProtocolName, auth: ParentAuth): string | undefined {
  if (protocol === 'http' || protocol === 'https') return undefined;
  if (auth === 'pass') return 'logins of clients are passed to HTTP parents only';
  const { user = '', password, passwordFile, scheme, token, tokenFile } = auth;
  const hasPassword = (password ?? '') !== '' || passwordFile !== undefined;
  if (token !== undefined || tokenFile !== undefined) return 'a token is for HTTP: SOCKS knows a user and a password';
  if (scheme !== undefined && scheme !== 'basic') return `SOCKS has no "scheme: ${scheme}"`;
  if (protocol === 'socks4a' && hasPassword) return 'SOCKS4A knows a user only: leave the password out';
  if (protocol === 'socks5' && !hasPassword) return 'SOCKS5 wants a password for a user';
  const isTooLong = [user, password ?? ''].some((text) => Buffer.byteLength(text) > LONGEST_IN_SOCKS);
  return isTooLong ? `SOCKS takes at most ${LONGEST_IN_SOCKS} bytes of each` : undefined;
}
