import { cidrProblem, parseNetwork } from '../base/ip.ts';
import { isQuotable, type LineProblem, LineProblems } from '../base/line-problems.ts';
import { NetworkList } from './network-list.ts';
import { addPlainNetwork } from './plain-network.ts';

/** The content of a file of networks. */
export interface NetworkText {
  readonly networks: NetworkList;
  /** The first few problems. `problemCount` counts all. */
  readonly problems: readonly LineProblem[];
  readonly problemCount: number;
}

/** The lines that are read in one event-loop iteration. */
const BATCH = 1000;

/**
 * Reads networks and addresses, one a line. `#` begins a comment. Empty lines, CRLF line ends and a byte order mark are
 * allowed. Yields after each batch of lines, so that the event loop can continue.
 */
export function* readNetworks(text: string): Generator<void, NetworkText> {
  const networks = new NetworkList();
  const problems = new LineProblems();
  let line = 0;
  for (let start = text.charCodeAt(0) === 0xfeff ? 1 : 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    line += 1;
    if (!addPlainNetwork(text, start, end, networks))
      addEntry(entryOf(text.slice(start, end)), line, { networks, problems });
    if (line % BATCH === 0) yield;
    start = end + 1;
  }
  return { networks, problems: problems.first, problemCount: problems.count };
}

interface Reading {
  readonly networks: NetworkList;
  readonly problems: LineProblems;
}

function addEntry(entry: string, line: number, { networks, problems }: Reading): void {
  if (entry === '') return;
  const network = parseNetwork(entry);
  if (network === undefined) problems.add(line, problemOf(entry));
  else networks.add(network);
}

/** A line that is nothing but an address or a network: most of a file. */
const PLAIN = /^[\d./a-f:]+$/;

function entryOf(line: string): string {
  if (PLAIN.test(line)) return line;
  const comment = line.indexOf('#');
  return (comment === -1 ? line : line.slice(0, comment)).replace(/^[ \t]+|[ \t\r]+$/g, '');
}

function problemOf(entry: string): string {
  if (isQuotable(entry)) return cidrProblem(entry)!;
  return 'expected an address or a CIDR, one a line.';
}

/** Runs a generator to its end in one event-loop iteration. */
export function runAtOnce<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Runs a generator to its end, with an event-loop iteration for each of its steps. */
export async function runInIterations<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
