import type { HashScheme } from '@inband/auth';
import { UsageError } from '../usage/usage-error.ts';
import { readPassword } from './read-password.ts';

/** Reads a password, and prints its hash. */
export async function printHash({ scheme }: { readonly scheme: HashScheme }): Promise<number> {
  const { HashProblem, makeHash } = await import('@inband/auth');
  const password = await readPassword();
  try {
    process.stdout.write(`${await makeHash(password, scheme)}\n`);
    return 0;
  } catch (error) {
    throw error instanceof HashProblem ? new UsageError(error.message) : error;
  }
}
