import { z } from 'zod';

/** How this proxy logs in at parents: as a user, or with a token. */
export interface ParentLogin {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Of a user at HTTP parents. Default: `basic`, or `digest` where a parent takes nothing else. */
  readonly scheme?: 'basic' | 'digest' | undefined;
  readonly token?: string | undefined;
}

/** `pass`: clients log in at the parents by themselves. */
export type ParentAuth = ParentLogin | 'pass';

export type ParentProtocolName = 'http' | 'https' | 'socks4a' | 'socks5';

const VISIBLE = /^[\x21-\x7e]+$/;

/** The longest user and password in SOCKS: their length is one byte. */
const LONGEST_IN_SOCKS = 255;

const printable = z
  .string()
  .refine((text) => !/\p{Cc}/u.test(text), { error: 'expected a text without control characters' });

/** A login of this proxy. */
export const parentLogin = z
  .strictObject({
    user: printable.min(1).optional().describe('The user that this proxy is at the parents.'),
    password: printable
      .meta({ writeOnly: true })
      .optional()
      .describe('The password of that user. Written as "${PARENT_PASSWORD}" it stands in no file.'),
    scheme: z
      .enum(['basic', 'digest'])
      .optional()
      .describe('How a user logs in at HTTP parents. Default: basic, or digest where a parent takes nothing else.'),
    token: z
      .string()
      .regex(VISIBLE, { error: 'expected a token without spaces' })
      .meta({ writeOnly: true })
      .optional()
      .describe('Instead of a user: a token for HTTP parents (Bearer, RFC 6750).'),
  })
  .superRefine(({ user, password, scheme, token }, context) => {
    const issue = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message, input: key });
    };
    if (user === undefined && token === undefined) issue('user', 'expected a user, or a token');
    if (user === undefined && password !== undefined) issue('password', 'a password needs its user');
    if (token === undefined) return;
    if (user !== undefined) issue('token', 'it logs in either as a user or with a token');
    if (scheme !== undefined) issue('scheme', 'a token is said as it is: leave the scheme out');
  })
  .describe('How this proxy logs in at the parents. What clients log in with at this proxy stays here.');

export const parentAuth = z
  .union([z.literal('pass'), parentLogin], { error: 'expected a mapping with a user or a token, or "pass"' })
  .optional()
  .describe(
    'How this proxy logs in at the parents. "pass": each client does so by itself, with its own Proxy-Authorization.',
  );

/** Why a protocol has no such login. */
export function authProblem(protocol: ParentProtocolName, auth: ParentAuth): string | undefined {
  if (protocol === 'http' || protocol === 'https') return undefined;
  if (auth === 'pass') return 'logins of clients are passed to HTTP parents only';
  const { user = '', password, scheme, token } = auth;
  if (token !== undefined) return 'a token is for HTTP: SOCKS knows a user and a password';
  if (scheme !== undefined && scheme !== 'basic') return `SOCKS has no "scheme: ${scheme}"`;
  if (protocol === 'socks4a' && password !== undefined) return 'SOCKS4A knows a user only: leave the password out';
  if (protocol === 'socks5' && (password ?? '') === '') return 'SOCKS5 wants a password for a user';
  const isTooLong = [user, password ?? ''].some((text) => Buffer.byteLength(text) > LONGEST_IN_SOCKS);
  return isTooLong ? `SOCKS takes at most ${LONGEST_IN_SOCKS} bytes of each` : undefined;
}
