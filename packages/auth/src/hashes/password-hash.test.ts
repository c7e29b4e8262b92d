import { describe, expect, test } from 'vitest';
import { HashProblem, readHash } from './password-hash.ts';
import { verifyHash } from './verify-hash.ts';

const verifies = (text: string, password: string): Promise<boolean> =>
  verifyHash(readHash(text), Buffer.from(password));

// Of crypt_blowfish, of the specification of SHA-crypt, and of libxcrypt.
describe('a hash of crypt(3)', () => {
  test.each([
    ['bcrypt', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    ['bcrypt of htpasswd', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    ['SHA-256', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
    [
      'SHA-512',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
      'Hello world!',
    ],
    ['yescrypt', '$y$j9T$abcdefghijklmnop$eGyjAiVfgW5OYCicb.sdOKKTHoUXqY6W9IY0nTUzXz7', 'open sesame'],
  ])('by %s is of its password only', async (_scheme, hash, password) => {
    expect(await verifies(hash, password)).toBe(true);
    expect(await verifies(hash, `${password}x`)).toBe(false);
    expect(await verifies(hash, `${password}\0`)).toBe(false);
  });
});

describe('what is refused', () => {
  test.each([
    ['secret', /^this is no hash of .*, and passwords are not written down; make one with "inband hash"\.$/],
    ['$apr1$abcdefgh$abcdefghijklmnopqrstu/', /^hashes of MD5 are guessed too fast/],
    ['$1$abcdefgh$abcdefghijklmnopqrstu/', /^hashes of MD5/],
    ['{SHA}abcdefgh', /^hashes of SHA-1/],
    ['$argon2i$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$c2FsdHNhbHQ', /^of argon2 only argon2id/],
    ['$argon2id$v=19$m=65536', /^this hash of argon2id is cut off/],
    ['$argon2id$v=19$m=99999999,t=3,p=4$c2FsdHNhbHQ$c2FsdHNhbHQ', /costs more than one login may/],
    ['$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHQ', /costs more than one login may/],
    ['$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /costs more than one login may/],
    ['$6$rounds=999999999$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', /costs more than one login may/],
    ['$2y$05$short', /is cut off/],
  ])('%s, and the message says why without it', (text, message) => {
    expect(() => readHash(text)).toThrow(message);
    expect(() => readHash(text)).toThrow(HashProblem);
    expect(() => readHash(text)).not.toThrow(text);
  });
});
