import { type NetworkList, readNetworks, runInIterations } from '@inband/core';
import { FileProblem, readBounded } from '../read/bounded-file.ts';
import { ListFileError, wrongLines } from './list-file-error.ts';

/** A version of a file of networks. */
export interface ZoneFile {
  readonly networks: NetworkList;
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/** Reads a file of networks; `name` is its name in messages. Throws a {@link ListFileError}. */
export async function readZoneFile(path: string, name: string): Promise<ZoneFile> {
  const { text, stamp } = await readBounded(path, name).catch((error: unknown) => {
    throw error instanceof FileProblem ? new ListFileError([error.message], error.unread) : error;
  });
  const { networks, problems, problemCount } = await runInIterations(readNetworks(text));
  if (problemCount > 0) throw wrongLines(name, problems, problemCount);
  return { networks, stamp };
}
