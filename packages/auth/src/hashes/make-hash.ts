import { createHash, randomBytes } from 'node:crypto';
import type { PasswordHash } from './password-hash.ts';
import { checkScheme, derive } from './verify-hash.ts';

/** The schemes that hashes of passwords are made by. `token`: of a secret of many random bits, which needs neither salt nor cost. */
export type HashScheme = 'argon2id' | 'scrypt' | 'token';

const SALT = 16;
const TAG = 32;

/** The hash of a password, as text. Throws a `HashProblem` where this system has not got the scheme. */
export async function makeHash(password: string, scheme: HashScheme): Promise<string> {
  if (scheme === 'token') return `sha256:${createHash('sha256').update(password).digest('hex')}`;
  checkScheme({ scheme });
  const [salt, tag] = [randomBytes(SALT), Buffer.alloc(TAG)];
  // The second recommendation of RFC 9106 section 4, and that of OWASP for scrypt. Each takes about a tenth of a second.
  const how =
    scheme === 'argon2id'
      ? ({ scheme, memory: 65_536, passes: 3, parallelism: 4, salt, tag } as const)
      : ({ scheme, logCost: 17, blockSize: 8, parallelism: 1, salt, tag } as const);
  return written(how, await derive(how, Buffer.from(password)));
}

/** In the PHC string format. */
function written(how: Exclude<PasswordHash, { readonly scheme: 'crypt' }>, derived: Buffer): string {
  const cost =
    how.scheme === 'argon2id'
      ? `$argon2id$v=19$m=${how.memory},t=${how.passes},p=${how.parallelism}`
      : `$scrypt$ln=${how.logCost},r=${how.blockSize},p=${how.parallelism}`;
  return [cost, base64(how.salt), base64(derived)].join('$');
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
