import type * as Koffi from 'koffi';
import { createRequire } from 'node:module';

// The only file of this package that knows koffi. It is safe for these reasons: each call has memory of its own, which the closure of its
// callback keeps until the call is over; the memory is as large as the largest struct crypt_data (32,768 bytes in libxcrypt, less in musl);
// and the text and the setting end with a zero.

/** Where the function is: in libxcrypt and glibc, in libxcrypt without old interfaces (Fedora, Arch), and in musl (Alpine). */
const LIBRARIES = ['libcrypt.so.1', 'libcrypt.so.2', `libc.musl-${muslName()}.so.1`];
const DATA = 65_536;

type CryptR = (
  phrase: Buffer,
  setting: string,
  data: Buffer,
  done: (error: unknown, hash: string | null) => void,
) => void;

/** Calls crypt_r(3) in a thread of the pool. Resolves with the hash, or with undefined for a setting that it does not know. */
export type Crypt = (password: Buffer, setting: string) => Promise<string | undefined>;

let loaded: Crypt | undefined;

/** crypt(3) of this system; undefined where there is none. */
export function loadCrypt(): Crypt | undefined {
  loaded ??= load();
  return loaded;
}

function load(): Crypt | undefined {
  for (const library of LIBRARIES) {
    const cryptR = open(library);
    if (cryptR !== undefined) return (password, setting) => call(cryptR, password, setting);
  }
  return undefined;
}

function open(library: string): CryptR | undefined {
  try {
    // Not by an import, because only those load it who have such hashes.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` has no types
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    const declared = koffi
      .load(library)
      .func('const char *crypt_r(const void *phrase, const char *setting, void *data)');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as declared above
    return declared.async as CryptR;
  } catch {
    return undefined;
  }
}

function call(cryptR: CryptR, password: Buffer, setting: string): Promise<string | undefined> {
  const phrase = Buffer.concat([password, Buffer.of(0)]);
  const data = Buffer.alloc(DATA);
  return new Promise((resolve, reject) => {
    cryptR(phrase, setting, data, (error, hash) => {
      phrase.fill(0);
      data.fill(0);
      if (error !== null && error !== undefined) reject(error instanceof Error ? error : new Error('crypt_r failed'));
      // "*0" and "*1" are no hashes.
      else resolve(hash === null || hash.startsWith('*') ? undefined : hash);
    });
  });
}

function muslName(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}
