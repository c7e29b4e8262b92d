import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { ownWriter, type Writer } from './writer.ts';

/** How names of files that are not complete begin. */
const INCOMPLETE = '.new-';
/** Bytes of the name of a file in that of the one beside it. Most systems take 255 in all, some that encrypt names 143. */
const MOST_OF_NAME = 64;
const HASH_LENGTH = 16;

/** Behind the name of the file: who writes it, and what makes it one of its own. */
const WRITTEN_BY = /-([\da-f]{8})\.(\d+)\.(\d+)-[\da-f]{16}$/;
/** What versions before wrote there, a UUID. */
const WRITTEN_BEFORE = /-[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** A file that is not complete, by its name. */
export interface Incomplete {
  /** Undefined: a version before has not said it. */
  readonly writer: Writer | undefined;
}

/** A new path beside `path`, for what will replace it. */
export function newPathBeside(path: string): string {
  const { place, pid, began } = ownWriter();
  const unique = randomBytes(8).toString('hex');
  return join(dirname(path), `${INCOMPLETE}${shortName(basename(path))}-${place}.${pid}.${began}-${unique}`);
}

/** What `name` in the folder of `path` says, if it was to replace `path`; or any file, without a `path`. Undefined for all others. */
export function incompleteFor(path: string | undefined, name: string): Incomplete | undefined {
  if (!name.startsWith(INCOMPLETE)) return undefined;
  const [ending, place = '', pid = '', began = ''] = WRITTEN_BY.exec(name) ?? WRITTEN_BEFORE.exec(name) ?? [];
  if (ending === undefined) return undefined;
  const of = name.slice(INCOMPLETE.length, -ending.length);
  const isKnown = place !== '';
  if (path !== undefined && of !== (isKnown ? shortName(basename(path)) : basename(path))) return undefined;
  return { writer: isKnown ? { place, pid: Number(pid), began } : undefined };
}

/** The same for the same name, and another one for each other. */
function shortName(name: string): string {
  if (Buffer.byteLength(name) <= MOST_OF_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  // Half a character may be left at its end, for which there is a mark then.
  return `${Buffer.from(name)
    .subarray(0, MOST_OF_NAME - HASH_LENGTH - 4)
    .toString()}~${hash}`;
}
