import { cidrProblem, parseCidr } from '../base/ip.ts';
import { NetworkList } from './network-list.ts';

/** What stands in a file of networks. */
export interface NetworkText {
  readonly networks: NetworkList;
  /** The first few things that are wrong; there may be more: see `problemCount`. */
  readonly problems: readonly NetworkProblem[];
  readonly problemCount: number;
}

export interface NetworkProblem {
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

/** Lines that are read in one go, and problems that are told of one file. */
const GO = 1000;
const MAX_PROBLEMS = 10;
/** Longer, and no person wrote it: then it is not repeated in a message either. */
const LONGEST_QUOTE = 64;

/**
 * Reads networks and addresses, one a line. `#` begins a comment, empty lines count for nothing, lines may end in CRLF,
 * and a byte order mark may stand first. Stops now and then to let others have their turn.
 */
export function* readNetworks(text: string): Generator<void, NetworkText> {
  const networks = new NetworkList();
  const problems: NetworkProblem[] = [];
  let problemCount = 0;
  let line = 0;
  for (let start = text.charCodeAt(0) === 0xfeff ? 1 : 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    line += 1;
    const entry = entryOf(text.slice(start, end));
    const cidr = entry === '' ? undefined : parseCidr(entry);
    if (cidr !== undefined) networks.add(cidr);
    else if (entry !== '') {
      problemCount += 1;
      if (problems.length < MAX_PROBLEMS) problems.push({ line, message: problemOf(entry) });
    }
    if (line % GO === 0) yield;
    start = end + 1;
  }
  return { networks, problems, problemCount };
}

function entryOf(line: string): string {
  const comment = line.indexOf('#');
  return (comment === -1 ? line : line.slice(0, comment)).replace(/^[ \t]+|[ \t\r]+$/g, '');
}

function problemOf(entry: string): string {
  if (entry.length <= LONGEST_QUOTE && /^[\x20-\x7e]+$/.test(entry)) return cidrProblem(entry)!;
  return 'expected an address or a CIDR, one a line.';
}

/** Runs what stops now and then, without giving others a turn. */
export function runAtOnce<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Runs what stops now and then, and gives the rest of the program its turn each time. */
export async function runInIterations<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
