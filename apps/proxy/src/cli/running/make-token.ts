import { stringify } from 'yaml';
import type { AdminRole } from '../../config/known/constants.ts';

interface NewToken {
  /** What it is called. */
  readonly token: string;
  readonly role: AdminRole;
}

/** Makes a token, and prints it with what the configuration needs of it. */
export async function adminToken({ token: name, role }: NewToken): Promise<number> {
  const { hashToken, newToken } = await import('@inband/admin');
  const token = newToken();
  const yaml = stringify({ admin: { tokens: { [name]: { role, hash: hashToken(token) } } } });
  process.stdout.write(`${yaml}\n# The token, which nothing else keeps: ${token}\n`);
  return 0;
}
