import { type NetworkList, type NetworkProblem, readNetworks, runInIterations } from '@inband/core';
import { FileProblem, readBounded } from './bounded-file.ts';

/** A version of a file of networks. */
export interface ZoneFile {
  readonly networks: NetworkList;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** A file of networks cannot be used as it is. */
export class ZoneFileError extends Error {
  /** One sentence each, with the place in the file where there is one. */
  readonly problems: readonly string[];
  /** Whether the file could not be read at all. */
  readonly unread: boolean;

  constructor(problems: readonly string[], unread = false) {
    super(problems.join('\n'));
    this.problems = problems;
    this.unread = unread;
  }
}

/** Reads a file of networks; `name` is its name in messages. Throws a {@link ZoneFileError}. */
export async function readZoneFile(path: string, name: string): Promise<ZoneFile> {
  const { text, stamp } = await readBounded(path, name).catch((error: unknown) => {
    throw error instanceof FileProblem ? new ZoneFileError([error.message], error.unread) : error;
  });
  const { networks, problems, problemCount } = await runInIterations(readNetworks(text));
  if (problemCount > 0) throw new ZoneFileError(wordingOf(name, problems, problemCount));
  return { networks, stamp };
}

function wordingOf(name: string, problems: readonly NetworkProblem[], count: number): string[] {
  const lines = problems.map(({ line, message }) => `${name}:${line}: ${message}`);
  return count > lines.length ? [...lines, `${name}: ${count - lines.length} further lines are wrong.`] : lines;
}
