import type { Logger } from '@inband/core';
import { FollowedFile } from './followed-file.ts';

/** How a file is read: with a bound on its size. Rejects with an error whose message names the file. */
export type ReadBounded = (path: string, name: string) => Promise<{ readonly text: string; readonly stamp: string }>;

/** What a file held when it was read. */
export interface Version<Content> {
  /** The name of the file in messages. */
  readonly name: string;
  readonly path: string;
  readonly content: Content;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** What is wrong within a file. Holds no secret. */
export interface ContentProblem {
  /** From 1; undefined where it has no lines. */
  readonly line: number | undefined;
  readonly message: string;
}

/** A file whose content cannot be used, one message for each problem. */
export class ContentError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join(' '));
    this.problems = problems;
  }
}

/** Reads the text of a file. */
export type Parse<Content> = (text: string) => {
  readonly content: Content;
  readonly problems: readonly ContentProblem[];
};

/** Problems that are told of one file. */
const MOST_TOLD = 10;

/** Reads a file. Rejects with a {@link ContentError}, or with what `read` rejects with. */
export async function readVersion<Content>(
  { path, name }: { readonly path: string; readonly name: string },
  parse: Parse<Content>,
  read: ReadBounded,
): Promise<Version<Content>> {
  const { text, stamp } = await read(path, name);
  const { content, problems } = parse(text);
  if (problems.length > 0) throw new ContentError(told(problems, name));
  return { name, path, content, stamp };
}

function told(problems: readonly ContentProblem[], name: string): string[] {
  const first = problems.slice(0, MOST_TOLD).map(({ line, message }) => {
    return `${name}${line === undefined ? '' : `:${line}`}: ${message}`;
  });
  const more = problems.length - first.length;
  return more === 0 ? first : [...first, `${name}: ${more} further lines are wrong.`];
}

export interface FollowDeps {
  readonly read: ReadBounded;
  readonly logger: Logger;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

interface Following<Content> {
  readonly parse: Parse<Content>;
  /** What the file holds, for the log: `users`. */
  readonly of: string;
  readonly onContent: (content: Content) => void;
}

/**
 * Follows a file: calls `onContent` with each new version. While the file is wrong or missing, what it held stays in use, which is logged once.
 */
export function follow<Content>(
  version: Version<Content>,
  { parse, of, onContent }: Following<Content>,
  { read, logger, interval }: FollowDeps,
): FollowedFile {
  const { name: file } = version;
  const again = async (): Promise<string> => {
    const { content, stamp } = await readVersion(version, parse, read);
    logger.info({ file }, `a file of ${of} was read again`);
    onContent(content);
    return stamp;
  };
  const refused = (why: string): void => {
    logger.warn({ file, why }, `a file of ${of} cannot be used; they stay as they were`);
  };
  return new FollowedFile(version, { again, refused, interval });
}
