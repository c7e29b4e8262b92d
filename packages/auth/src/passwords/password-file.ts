import { FollowedFile } from './followed-file.ts';
import { readHtpasswd, type UserProblem, type Users } from './users.ts';
import type { Logger } from '@inband/core';

/** A version of an htpasswd file. */
export interface PasswordFile {
  /** Its name in messages. */
  readonly name: string;
  readonly path: string;
  readonly users: Users;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** How a file is read: with a bound on its size. Rejects with an error whose message names the file. */
export type ReadBounded = (path: string, name: string) => Promise<{ readonly text: string; readonly stamp: string }>;

/** A file with lines that cannot be used, one message each. */
export class PasswordFileError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join(' '));
    this.problems = problems;
  }
}

/** Problems that are told of one file. */
const MOST_TOLD = 10;

/** Reads an htpasswd file. Rejects with a {@link PasswordFileError}, or with what `read` rejects with. */
export async function readPasswordFile(path: string, name: string, read: ReadBounded): Promise<PasswordFile> {
  const { text, stamp } = await read(path, name);
  const { users, problems } = readHtpasswd(text);
  if (problems.length > 0) throw new PasswordFileError(told(problems, name));
  return { name, path, users, stamp };
}

function told(problems: readonly UserProblem[], name: string): string[] {
  const first = problems.slice(0, MOST_TOLD).map(({ line, message }) => `${name}:${line}: ${message}`);
  const more = problems.length - first.length;
  return more === 0 ? first : [...first, `${name}: ${more} further lines are wrong.`];
}

export interface FollowDeps {
  readonly read: ReadBounded;
  readonly logger: Logger;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/**
 * Follows an htpasswd file: calls `onUsers` with the users of each new version. While a file is wrong or missing, users stay as they are, which
 * is logged once.
 */
export function followPasswordFile(
  file: PasswordFile,
  { read, logger, interval }: FollowDeps,
  onUsers: (users: Users) => void,
): FollowedFile {
  const again = async (): Promise<string> => {
    const { users, stamp } = await readPasswordFile(file.path, file.name, read);
    logger.info({ file: file.name, users: users.size }, 'a file of users was read again');
    onUsers(users);
    return stamp;
  };
  const refused = (why: string): void => {
    logger.warn({ file: file.name, why }, 'a file of users cannot be used; they stay as they were');
  };
  return new FollowedFile(file, { again, refused, interval });
}
