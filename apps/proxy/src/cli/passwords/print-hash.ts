import type { HashScheme } from '@inband/auth';
import { UsageError } from '../usage/usage-error.ts';
import { readPassword } from './read-password.ts';

/** What a hash is made of, beside the password. */
export type Hashing =
  | { readonly scheme: HashScheme }
  | { readonly scheme: 'digest'; readonly user: string; readonly realm: string };

/** Reads a password, and prints its hash. */
export async function printHash(how: Hashing): Promise<number> {
  const { digestOf, HashProblem, makeHash } = await import('@inband/auth');
  const password = await readPassword();
  if (how.scheme === 'digest') {
    process.stdout.write(`sha256:${digestOf('SHA-256', how.user, how.realm, password)}\n`);
    return 0;
  }
  try {
    process.stdout.write(`${await makeHash(password, how.scheme)}\n`);
    return 0;
  } catch (error) {
    throw error instanceof HashProblem ? new UsageError(error.message) : error;
  }
}
