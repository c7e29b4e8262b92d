import { readFound } from '@inband/chainers';
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
  const servers = entriesOf(text, name);
  if (servers.length === 0) throw new FileProblem(`${name}: there is no server in it.`);
  try {
    readFound(servers);
  } catch (error) {
    throw new FileProblem(`${name}: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return { servers, stamp };
}

function entriesOf(text: string, name: string): DiscoveredServer[] {
  const language = LANGUAGES[extname(name).toLowerCase()];
  if (language === undefined) return text.split('\n').flatMap((line) => serverOn(line));
  const { value, syntaxErrors } = parseText(text, language);
  const [fault] = syntaxErrors;
  if (fault !== undefined) throw new FileProblem(`${name}:${fault.line}:${fault.column}: ${fault.message}`);
  if (Array.isArray(value)) return value.map((entry: unknown) => asEntry(entry));
  throw new FileProblem(`${name}: expected a list of servers.`);
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
