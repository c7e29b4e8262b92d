import type { ContentProblem, Version } from '../followed/version.ts';
import { isUserName } from '../passwords/users.ts';

/** The algorithms of RFC 7616 that are spoken. `SHA-512-256` no client sends. */
export const DIGEST_ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** The hashes of "user:realm:password" of one user, in hex. */
export type DigestHashes = Readonly<Partial<Record<DigestAlgorithm, string>>>;
export type DigestUsers = ReadonlyMap<string, DigestHashes>;
export type DigestFile = Version<DigestUsers>;

/** A user, or a line of a file, that cannot be used. Holds no hash. */
export interface DigestProblem extends ContentProblem {
  /** Undefined for a line without a user. */
  readonly user: string | undefined;
}

interface Read {
  readonly content: DigestUsers;
  readonly problems: readonly DigestProblem[];
}

const HASHES = /^(?:(sha256:)?([0-9a-f]{64})|(md5:)?([0-9a-f]{32}))$/;

/** Reads users as a configuration has them: `{ ann: 'sha256:…' }`. `algorithms`: those that may be used. */
export function readDigestUsers(
  written: Readonly<Record<string, string>>,
  algorithms: readonly DigestAlgorithm[],
): Read {
  const reading = new Reading(algorithms);
  for (const [user, hash] of Object.entries(written)) reading.add(user, hash, undefined);
  return reading;
}

/** Reads the text of an htdigest file: `user:realm:hash` on each line. Lines of other realms are for others. */
export function readHtdigest(text: string, realm: string, algorithms: readonly DigestAlgorithm[]): Read {
  const reading = new Reading(algorithms);
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [user = '', of, hash, more] = line.split(':');
    if (of === undefined || hash === undefined || more !== undefined) {
      reading.refuse(undefined, index + 1, 'expected a user, a realm and a hash, with colons between them.');
    } else if (of === realm) reading.add(user, hash, index + 1);
  }
  if (reading.content.size === 0 && reading.problems.length === 0) {
    reading.refuse(undefined, undefined, `no user is of the realm ${JSON.stringify(realm)}.`);
  }
  return reading;
}

class Reading implements Read {
  readonly content = new Map<string, DigestHashes>();
  readonly problems: DigestProblem[] = [];
  readonly #algorithms: readonly DigestAlgorithm[];

  constructor(algorithms: readonly DigestAlgorithm[]) {
    this.#algorithms = algorithms;
  }

  add(user: string, written: string, line: number | undefined): void {
    if (!isUserName(user)) {
      return this.refuse(undefined, line, 'a user has 1 to 255 bytes, no colon and no control.');
    }
    const [, , strong, , weak] = HASHES.exec(written.toLowerCase()) ?? [];
    const hash = strong ?? weak;
    if (hash === undefined) {
      const message =
        'expected the hash of user, realm and password in hexadecimal digits ("inband hash --scheme digest").';
      return this.refuse(user, line, message);
    }
    const algorithm = strong === undefined ? 'MD5' : 'SHA-256';
    if (!this.#algorithms.includes(algorithm)) {
      return this.refuse(user, line, `this is a hash of ${algorithm}, which "algorithms" does not name.`);
    }
    const known = this.content.get(user);
    if (known?.[algorithm] !== undefined) return this.refuse(user, line, `${JSON.stringify(user)} is there twice.`);
    this.content.set(user, { ...known, [algorithm]: hash });
  }

  refuse(user: string | undefined, line: number | undefined, message: string): void {
    this.problems.push({ user, line, message });
  }
}
