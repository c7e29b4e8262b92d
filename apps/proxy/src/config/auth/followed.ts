import type * as auth from '@inband/auth';
import type { AuthPrepareContext } from '@inband/core';
import { resolve } from 'node:path';
import { warnOfNobody } from './nobody.ts';
import { FileProblem, readBounded } from '../read/bounded-file.ts';

interface Reading<Content> {
  readonly name: string;
  /** Where it is named: `['file']`. */
  readonly option: readonly string[];
  readonly parse: auth.Parse<Content>;
  /** What stands for the content of a file that cannot be used until it is mended. */
  readonly none: Content;
}

/** Reads a file that an option names, and reports what is wrong with it. */
export async function readFollowed<Content>(
  { ContentError, readVersion }: typeof auth,
  { name, option, parse, none }: Reading<Content>,
  context: AuthPrepareContext,
): Promise<auth.Version<Content>> {
  const { baseDirectory, report } = context;
  const path = resolve(baseDirectory, name);
  try {
    const version = await readVersion({ path, name }, parse, readBounded);
    // Users and tokens are maps. A set of keys says itself that it is empty.
    if (version.content instanceof Map) warnOfNobody(version.content, option, context);
    return version;
  } catch (error) {
    if (!(error instanceof FileProblem || error instanceof ContentError)) throw error;
    for (const message of error instanceof ContentError ? error.problems : [error.message]) report(message, option);
    return { name, path, content: none, stamp: 'unread' };
  }
}
