import { isUserName } from '../passwords/users.ts';
import type { ContentProblem, Parse } from '../followed/version.ts';

/** Users by the SHA-256 of their tokens, in hex. */
export type Tokens = ReadonlyMap<string, string>;

/** A token, or a line of a file, that cannot be used. */
export interface TokenProblem extends ContentProblem {
  /** Undefined for a line without a user. */
  readonly user: string | undefined;
}

const HASH = /^sha256:([0-9a-f]{64})$/;

/** Reads tokens as a configuration has them: `{ ci: 'sha256:…' }`. */
export function readTokens(written: Readonly<Record<string, string>>): { content: Tokens; problems: TokenProblem[] } {
  const reading = new Reading();
  for (const [user, hash] of Object.entries(written)) reading.add(user, hash, undefined);
  return reading;
}

/** Reads the text of a file of tokens: `user:sha256:HEX` on each line, where a user may have several; comments begin with "#". */
export const readTokenFile: Parse<Tokens> = (text) => {
  const reading = new Reading();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon < 0) reading.refuse(undefined, index + 1, 'expected a user, a colon and the hash of a token.');
    else reading.add(line.slice(0, colon), line.slice(colon + 1), index + 1);
  }
  return reading;
};

class Reading {
  readonly content = new Map<string, string>();
  readonly problems: TokenProblem[] = [];

  add(user: string, written: string, line: number | undefined): void {
    const hash = HASH.exec(written)?.[1];
    if (!isUserName(user)) {
      return this.refuse(undefined, line, 'a user has 1 to 255 bytes, no colon and no control.');
    }
    if (hash === undefined) {
      return this.refuse(user, line, 'expected "sha256:" and the SHA-256 of the token in 64 hexadecimal digits.');
    }
    const other = this.content.get(hash);
    if (other !== undefined && other !== user)
      return this.refuse(user, line, `${JSON.stringify(other)} has the same token.`);
    this.content.set(hash, user);
  }

  refuse(user: string | undefined, line: number | undefined, message: string): void {
    this.problems.push({ user, line, message });
  }
}
