import { expect, test } from 'vitest';
import { makeHash } from './make-hash.ts';
import { readHash } from './password-hash.ts';
import { verifyHash } from './verify-hash.ts';

const verifies = (text: string, password: string): Promise<boolean> =>
  verifyHash(readHash(text), Buffer.from(password));

test.each(['argon2id', 'scrypt'] as const)(
  'a hash that is made by %s is of its password only',
  async (scheme) => {
    const hash = await makeHash('correct horse', scheme);
    expect(hash).toMatch(new RegExp(`^\\$${scheme}\\$`));
    expect(await makeHash('correct horse', scheme)).not.toBe(hash);
    expect(await verifies(hash, 'correct horse')).toBe(true);
    expect(await verifies(hash, 'correct horsf')).toBe(false);
  },
  60_000,
);
