import * as crypto from 'node:crypto';
import { loadCrypt } from './libcrypt.ts';
import { HashProblem, type PasswordHash, scryptMemory } from './password-hash.ts';

/** Whether the hash is of this password. All schemes are computed in threads of the pool. */
export async function verifyHash(hash: PasswordHash, password: Buffer): Promise<boolean> {
  if (hash.scheme !== 'crypt') return crypto.timingSafeEqual(await derive(hash, password), hash.tag);
  // crypt(3) would read to the first zero.
  if (password.includes(0)) return false;
  const computed = await loadCrypt()?.(password, hash.text);
  return computed !== undefined && isSameText(computed, hash.text);
}

/** Throws a {@link HashProblem} if this system cannot compute hashes of the scheme. */
export function checkScheme({ scheme }: Pick<PasswordHash, 'scheme'>): void {
  if (scheme === 'crypt' && loadCrypt() === undefined) {
    throw new HashProblem('this system has no crypt(3) (libcrypt.so) for such a hash; make one with "inband hash".');
  }
  if (scheme === 'argon2id' && typeof crypto.argon2 !== 'function') {
    throw new HashProblem('argon2id needs Node.js 24.7 or later; make a hash with "inband hash --scheme scrypt".');
  }
}

type Derived = Exclude<PasswordHash, { readonly scheme: 'crypt' }>;

/** The bytes that a password gives, with the cost, the salt and the length of `hash`. */
export function derive(hash: Derived, password: Buffer): Promise<Buffer> {
  const { salt, tag } = hash;
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, derived: Buffer): void => {
      if (error === null) resolve(derived);
      else reject(error);
    };
    if (hash.scheme === 'argon2id') {
      const { memory, passes, parallelism } = hash;
      const cost = { memory, passes, parallelism };
      crypto.argon2('argon2id', { message: password, nonce: salt, tagLength: tag.length, ...cost }, done);
      return;
    }
    const { logCost, blockSize, parallelism } = hash;
    const maxmem = 2 * scryptMemory(hash);
    crypto.scrypt(password, salt, tag.length, { N: 2 ** logCost, r: blockSize, p: parallelism, maxmem }, done);
  });
}

function isSameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}
