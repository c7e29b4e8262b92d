import { isSafeName } from '../base/user-name.ts';
import { HashProblem, type PasswordHash, readHash } from '../hashes/password-hash.ts';
import { checkScheme } from '../hashes/verify-hash.ts';
import type { ContentProblem, Version } from '../followed/version.ts';

/** The users of one place that names some, with the hashes of their passwords. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** Users of an htpasswd file, which is followed. */
export type PasswordFile = Version<Users>;

/** A user, or a line of a file, that cannot be used. Holds no hash. */
export interface UserProblem extends ContentProblem {
  /** Undefined for a line without a user. */
  readonly user: string | undefined;
}

/** Reads users as a configuration has them: `{ ann: '$argon2id$…' }`. */
export function readUsers(written: Readonly<Record<string, string>>): { content: Users; problems: UserProblem[] } {
  const reading = new Reading();
  for (const [user, hash] of Object.entries(written)) reading.add(user, hash, undefined);
  return reading;
}

/** Reads the text of an htpasswd file: `user:hash` on each line; comments begin with "#". */
export function readHtpasswd(text: string): { content: Users; problems: UserProblem[] } {
  const reading = new Reading();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon < 0) reading.refuse(undefined, index + 1, 'expected a user, a colon and a hash.');
    // What follows another colon is no part of the hash (Nginx).
    else reading.add(line.slice(0, colon), line.slice(colon + 1).split(':')[0] ?? '', index + 1);
  }
  return reading;
}

class Reading {
  readonly content = new Map<string, PasswordHash>();
  readonly problems: UserProblem[] = [];

  add(user: string, hash: string, line: number | undefined): void {
    if (!isUserName(user)) return this.refuse(undefined, line, 'a user has 1 to 255 bytes, no colon and no control.');
    if (this.content.has(user)) return this.refuse(user, line, `the user ${JSON.stringify(user)} is there twice.`);
    try {
      const read = readHash(hash);
      checkScheme(read);
      this.content.set(user, read);
    } catch (error) {
      if (!(error instanceof HashProblem)) throw error;
      this.refuse(user, line, line === undefined ? error.message : `${JSON.stringify(user)}: ${error.message}`);
    }
  }

  refuse(user: string | undefined, line: number | undefined, message: string): void {
    this.problems.push({ user, line, message });
  }
}

/** Whether it can be the user of `Basic` (RFC 7617 section 2). */
export function isUserName(user: string): boolean {
  return isSafeName(user) && !user.includes(':');
}
