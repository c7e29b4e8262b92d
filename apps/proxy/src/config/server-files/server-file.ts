import { type EntryProblem, readFound, WrongEntries } from '@inband/chainers';
import type { DiscoveredServer } from '@inband/core';
import { extname } from 'node:path';
import { FileProblem, readBounded } from '../read/bounded-file.ts';
import { parseText } from '../read/locate.ts';

/** A version of a file of servers. */
export interface ServerFile {
  readonly servers: readonly DiscoveredServer[];
  /** Differs after the file has been written. */
  readonly stamp: string;
}

/**
 * Reads a file of servers: YAML or JSON with a list of what an entry of `servers` may be, or text with one server on each line. `name` is
 * its name in messages. Throws a {@link FileProblem}.
 */
export async function readServerFile(path: string, name: string): Promise<ServerFile> {
  const { text, stamp } = await readBounded(path, name);
  const { servers, placeOf } = entriesOf(text, name);
  if (servers.length === 0) throw new FileProblem(`${name}: there is no server in it.`);
  try {
    readFound(servers);
  } catch (error) {
    if (!(error instanceof WrongEntries)) throw error;
    const said = error.problems.map((problem) => {
      const [, ...option] = problem.path;
      return [`${name}:${placeOf(problem)}`, ...option, problem.message].join(': ');
    });
    throw new FileProblem(`${said.join('; ')}.`);
  }
  return { servers, stamp };
}

interface ReadEntries {
  readonly servers: readonly DiscoveredServer[];
  /** Where what is wrong with an entry stands: the line, and the column where that is known. */
  readonly placeOf: (problem: EntryProblem) => string;
}

function entriesOf(text: string, name: string): ReadEntries {
  const language = LANGUAGES[extname(name).toLowerCase()];
  if (language === undefined) return entriesOnLines(text);
  const { value, locate, syntaxErrors } = parseText(text, language);
  const [fault] = syntaxErrors;
  if (fault !== undefined) throw new FileProblem(`${name}:${fault.line}:${fault.column}: ${fault.message}`);
  if (!Array.isArray(value)) throw new FileProblem(`${name}: expected a list of servers.`);
  return {
    servers: value.map((entry: unknown) => asEntry(entry)),
    placeOf({ path }) {
      const { line = 1, column = 1 } = locate(path, 'value') ?? {};
      return `${line}:${column}`;
    },
  };
}

function entriesOnLines(text: string): ReadEntries {
  const found = text
    .split('\n')
    .flatMap((line, index) => serverOn(line).map((server) => ({ server, line: index + 1 })));
  return {
    servers: found.map(({ server }) => server),
    placeOf: ({ path: [entry] }) => String(found[Number(entry)]?.line ?? 1),
  };
}

const LANGUAGES: Readonly<Record<string, 'yaml' | 'json'>> = { '.json': 'json', '.yaml': 'yaml', '.yml': 'yaml' };

/** What is no entry is refused by `readFound`, which is told what was written. */
function asEntry(entry: unknown): DiscoveredServer {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by `readFound`, which takes anything
  return (typeof entry === 'string' ? { address: entry } : entry) as DiscoveredServer;
}

/** `10.0.0.1:80 weight=2 backup=true`. What stands behind a "#" is a comment. */
function serverOn(line: string): DiscoveredServer[] {
  const [address, ...options] = line
    .replace(/(?:^|\s)#.*$/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
  if (address === undefined) return [];
  return [{ ...Object.fromEntries(options.map(optionOf)), address }];
}

function optionOf(written: string): [key: string, value: unknown] {
  const at = written.indexOf('=');
  const value = at < 0 ? 'true' : written.slice(at + 1);
  return [
    at < 0 ? written : written.slice(0, at),
    /^(?:true|false|-?\d+(?:\.\d+)?)$/.test(value) ? JSON.parse(value) : value,
  ];
}
