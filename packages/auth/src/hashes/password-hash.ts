/** The hash of a password, as a configuration or a file of users has it, with what its scheme needs. */
export type PasswordHash =
  | {
      readonly scheme: 'argon2id';
      /** In KiB. */
      readonly memory: number;
      readonly passes: number;
      readonly parallelism: number;
      readonly salt: Buffer;
      readonly tag: Buffer;
    }
  | {
      readonly scheme: 'scrypt';
      /** The cost N is two to the power of it. */
      readonly logCost: number;
      readonly blockSize: number;
      readonly parallelism: number;
      readonly salt: Buffer;
      readonly tag: Buffer;
    }
  /** bcrypt, SHA-crypt and yescrypt, which crypt(3) verifies. */
  | { readonly scheme: 'crypt'; readonly text: string };

/** A hash that is not used. The message is one sentence, without the hash. */
export class HashProblem extends Error {}

/** More would let one login use up the machine. */
const MOST_MEMORY = 2 ** 30;
const MOST_BCRYPT_COST = 16;
const MOST_SHA_ROUNDS = 1_000_000;

const BASE64 = '([A-Za-z0-9+/]{11,128})';
const ARGON2ID = new RegExp(String.raw`^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,2})\$${BASE64}\$${BASE64}$`);
const SCRYPT = new RegExp(String.raw`^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$${BASE64}\$${BASE64}$`);
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const SHA_CRYPT = /^\$[56]\$(?:rounds=(\d{1,9})\$)?[^$:\s]{0,16}\$(?:[./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})$/;
const YESCRYPT = /^\$y\$[./A-Za-z0-9]{3,16}\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{43}$/;

const MAKE_ONE = 'make one with "inband hash"';

/** Reads the text of a hash. Throws a {@link HashProblem} for one that is broken, too weak or too expensive. */
export function readHash(text: string): PasswordHash {
  if (text.startsWith('$argon2id$')) return readArgon2(text);
  if (text.startsWith('$scrypt$')) return readScrypt(text);
  if (/^\$(?:2[aby]|5|6|y)\$/.test(text)) return readCrypt(text);
  throw new HashProblem(`${whatItIs(text)}; ${MAKE_ONE}.`);
}

function readArgon2(text: string): PasswordHash {
  const [, memory, passes, parallelism, salt, tag] = ARGON2ID.exec(text) ?? broken('argon2id');
  const numbers = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  if (numbers.memory * 1024 > MOST_MEMORY) throw tooExpensive('argon2id', 'm=1048576');
  // RFC 9106 section 3.1.
  if (numbers.passes < 1 || numbers.parallelism < 1 || numbers.memory < 8 * numbers.parallelism) broken('argon2id');
  return { scheme: 'argon2id', ...numbers, salt: bytesOf(salt), tag: bytesOf(tag) };
}

function readScrypt(text: string): PasswordHash {
  const [, logCost, blockSize, parallelism, salt, tag] = SCRYPT.exec(text) ?? broken('scrypt');
  const numbers = { logCost: Number(logCost), blockSize: Number(blockSize), parallelism: Number(parallelism) };
  if (numbers.logCost < 1 || numbers.blockSize < 1 || numbers.parallelism < 1) broken('scrypt');
  if (scryptMemory(numbers) > MOST_MEMORY) throw tooExpensive('scrypt', 'ln=20,r=8,p=1');
  return { scheme: 'scrypt', ...numbers, salt: bytesOf(salt), tag: bytesOf(tag) };
}

/** Bytes that the derivation takes at most (RFC 7914 section 2). */
export function scryptMemory(cost: { logCost: number; blockSize: number; parallelism: number }): number {
  return 128 * cost.blockSize * (2 ** cost.logCost + cost.parallelism);
}

function readCrypt(text: string): PasswordHash {
  const cost = BCRYPT.exec(text)?.[1];
  if (cost !== undefined && Number(cost) > MOST_BCRYPT_COST) throw tooExpensive('bcrypt', `$2y$${MOST_BCRYPT_COST}$`);
  const sha = SHA_CRYPT.exec(text);
  if (Number(sha?.[1] ?? 0) > MOST_SHA_ROUNDS) throw tooExpensive('SHA-crypt', `rounds=${MOST_SHA_ROUNDS}`);
  if (cost === undefined && sha === null && !YESCRYPT.test(text)) broken('crypt(3)');
  return { scheme: 'crypt', text };
}

function bytesOf(base64 = ''): Buffer {
  return Buffer.from(base64, 'base64');
}

function broken(scheme: string): never {
  throw new HashProblem(`this hash of ${scheme} is cut off or misspelt; ${MAKE_ONE}.`);
}

function tooExpensive(scheme: string, most: string): HashProblem {
  return new HashProblem(`this hash of ${scheme} costs more than one login may: the most is ${most}.`);
}

function whatItIs(text: string): string {
  if (text.startsWith('$apr1$') || text.startsWith('$1$')) return 'hashes of MD5 are guessed too fast to be used';
  if (text.startsWith('{SHA}') || text.startsWith('{SSHA}')) return 'hashes of SHA-1 are guessed too fast to be used';
  if (/^\$argon2[id]\$/.test(text)) return 'of argon2 only argon2id is used';
  return 'this is no hash of argon2id, scrypt, bcrypt, SHA-crypt or yescrypt, and passwords are not written down';
}
