import type { AuthPrepareContext } from '@inband/core';
import { resolve } from 'node:path';
import { FileProblem } from '../read/bounded-file.ts';

interface Reading<File> {
  readonly read: (path: string) => Promise<File>;
  /** What is wrong with the content of the file; undefined for errors of another kind. */
  readonly messagesOf: (error: unknown) => readonly string[] | undefined;
  /** What stands for a file that cannot be used until it is mended. */
  readonly none: (path: string) => File;
}

/** Reads a file that the option `file` names, and reports what is wrong with it. */
export async function readFollowed<File>(
  name: string,
  { baseDirectory, report }: AuthPrepareContext,
  { read, messagesOf, none }: Reading<File>,
): Promise<File> {
  const path = resolve(baseDirectory, name);
  try {
    return await read(path);
  } catch (error) {
    const messages = error instanceof FileProblem ? [error.message] : messagesOf(error);
    if (messages === undefined) throw error;
    for (const message of messages) report(message, ['file']);
    return none(path);
  }
}
