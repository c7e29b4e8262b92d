import { BasicAuthenticator, readUsers } from '@inband/auth';
import type { Authenticator, Logger } from '@inband/core';
import { scryptSync } from 'node:crypto';

const SALT = Buffer.alloc(16);
const TAG = 32;
const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

/** How the user of the cases logs in. */
export const LOGIN = `Proxy-Authorization: Basic ${Buffer.from('user:pass').toString('base64')}\r\n`;

/** Knows the user of the cases, "user" with the password "pass", by a hash that costs nothing. */
export function authenticator(logger: Logger): Authenticator {
  const tag = scryptSync('pass', SALT, TAG, { N: 2, r: 1, p: 1 });
  const { content } = readUsers({ user: `$scrypt$ln=1,r=1,p=1$${base64(SALT)}$${base64(tag)}` });
  const options = { realm: 'case', groups: {}, setting: 'services.case.auth' };
  return new BasicAuthenticator(options, content, {
    logger,
    read: () => Promise.reject(new Error('There is no file of users.')),
  });
}
