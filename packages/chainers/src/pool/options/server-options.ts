import type { DiscoveredServer } from '@inband/core';
import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import { serverOfPool } from '../../options/options.ts';
import { parsed } from '../../options/parsed.ts';
import { AddressSyntaxError, isName, normaliseServer, type WrittenServer } from '../../options/server-address.ts';
import { typeNames } from '../../options/type-names.ts';
import type { MemberOptions } from '../sources/server-source.ts';
import type { ListedService } from '../sources/service-servers.ts';

/** One of the `servers` of a pool. */
export interface PoolServerOptions extends MemberOptions {
  readonly address: WrittenServer;
}

/** An entry of `servers` that a discovery finds servers for: a plugin with its options, or a file. */
export type DiscoveredEntry = { readonly type: string } | { readonly file: string };

/** An entry of `servers`. */
export type PoolEntry = PoolServerOptions | ListedService | DiscoveredEntry;

export const NO_SERVERS = 'servers needs at least one server';

const weight = z
  .number()
  .positive()
  .max(1_000)
  .default(1)
  .describe('Its share of the sessions, beside those of others. Each address of a name has it.');

/** What a server and a service may have in common. */
const memberShape = () => ({
  backup: z.boolean().default(false).describe('It gets sessions only while no other server is up.'),
  zone: z.string().min(1).optional().describe('Where it is: see the zone of the pool.'),
  maxConnections: z.int().min(1).optional().describe('The most sessions that it has at one time. Default: no limit.'),
});

const priority = z.int().min(0).default(0).describe('It gets sessions only while no server with a lower number is up.');

const server = lazily(() =>
  z
    .strictObject({ address: serverOfPool, weight, priority, ...memberShape() })
    .describe('A server with what is particular about it.'),
);

const service = lazily(() =>
  z
    .strictObject({
      srv: parsed(parseService).describe(
        'A service whose servers are found by SRV records (RFC 2782): _http._tcp.shop.example. Priority and weight are theirs.',
      ),
      ...memberShape(),
    })
    .describe('A service whose servers are found by SRV records.'),
);

const file = lazily(() =>
  z
    .strictObject({
      file: z
        .string()
        .min(1)
        .describe('.txt with one server on each line, .json or .yaml with a list; relative to this file.'),
    })
    .describe('A file of servers, which is read again when it changes.'),
);

const discovered = lazily(() =>
  z
    .looseObject({ type: z.string().min(1).describe('The kind of discovery; the other keys are its options.') })
    .register(typeNames, { name: 'DiscoveryInput' }),
);

const short = lazily(() => serverOfPool.transform((address) => ({ address })));

export const poolServers = lazily(() =>
  z
    .array(z.union([short, server, service, file, discovered]))
    .min(1, { error: NO_SERVERS })
    .describe(
      'The servers, each once: an address, a mapping with an address and what is particular about it, or where they are found: srv, file, or a type that a plugin brings. Each address of a name is a server.',
    ),
);

/** The addresses that the configuration has itself. */
export function addressesOf({ servers }: { readonly servers: readonly PoolEntry[] }): WrittenServer[] {
  return servers.flatMap((entry) => ('address' in entry ? [entry.address] : []));
}

/** A name. The labels before its domain begin with an underscore, but not everywhere. */
function parseService(text: string): string {
  const at = normaliseServer({ host: text, port: 1 });
  if (!isName(at))
    throw new AddressSyntaxError(`expected the name of a service (_http._tcp.shop.example), found "${text}"`);
  return at.host;
}

/** The most servers that are taken from one discovery. */
const MOST_FOUND = 10_000;

const found = lazily(() => z.array(z.union([short, server])).max(MOST_FOUND));

/** What is wrong with an entry. */
export interface EntryProblem {
  /** Begins with the number of the entry, from 0 on. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Entries of a discovery that are none. */
export class WrongEntries extends Error {
  /** The first ones. */
  readonly problems: readonly EntryProblem[];

  constructor(problems: readonly EntryProblem[]) {
    super(problems.map(({ path, message }) => `entry ${path.map(named).join(': ')}: ${message}`).join('; '));
    this.problems = problems;
  }
}

function named(part: string | number): string {
  return typeof part === 'number' ? String(part + 1) : part;
}

/** Reads what a discovery has found. Throws a {@link WrongEntries} that names the first entries that are wrong. */
export function readFound(entries: readonly (DiscoveredServer | string)[]): PoolServerOptions[] {
  const result = found.safeParse(entries);
  if (result.success) return result.data;
  throw new WrongEntries(result.error.issues.slice(0, MOST_TOLD).flatMap((issue) => problemsOf(issue, [])));
}

const MOST_TOLD = 3;

function problemsOf(issue: z.core.$ZodIssue, place: readonly PropertyKey[]): EntryProblem[] {
  const path = [...place, ...issue.path];
  // Of a mapping the second alternative is meant.
  const [asText = [], asMapping = []] = issue.code === 'invalid_union' ? issue.errors : [];
  const meant = asMapping.some(({ path: [first], code }) => first === undefined && code === 'invalid_type')
    ? asText
    : asMapping;
  if (meant.length > 0) return meant.slice(0, 1).flatMap((inner) => problemsOf(inner, path));
  return [{ path: path.map((part) => (typeof part === 'number' ? part : String(part))), message: issue.message }];
}
