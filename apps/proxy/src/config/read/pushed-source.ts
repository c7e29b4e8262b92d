import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ConfigError, isRecord, type Locate } from '../problem/problem.ts';
import { ConfigFiles, type FilesRead, type PushedFiles } from './config-files.ts';
import { joinFiles } from './join-files.ts';
import type { ConfigSource } from './read-source.ts';

/**
 * The sections that each member of a cluster has from its own file, whatever is pushed: how it reaches the others and is called (`store`, `cluster`), who
 * may operate it (`admin`), what the size and the system of a machine decide and a reload cannot change (`workers`, `workerTimeout`, `transport`, `metrics`), and what names
 * code or files that are written (`plugins`, `tracing`, `log`), because whoever may push would else have what the account of every machine has.
 */
export const LOCAL_SECTIONS = [
  'store',
  'cluster',
  'admin',
  'workers',
  'workerTimeout',
  'transport',
  'metrics',
  'plugins',
  'tracing',
  'log',
] as const;

const IS_LOCAL: ReadonlySet<string> = new Set(LOCAL_SECTIONS);

/**
 * A member's own configuration with what was pushed over it: its own file has the sections of {@link LOCAL_SECTIONS}, everything else is
 * pushed, but for `acme.state`: see {@link withOwnState}. Throws a {@link ConfigError} if that cannot be parsed.
 */
export async function withPushed(own: ConfigSource, pushed: PushedFiles): Promise<ConfigSource> {
  const { baseDirectory } = own;
  const names = pushed.main.map((path) => join(baseDirectory, path));
  const files = new ConfigFiles(at(baseDirectory, pushed), { isWhole: true });
  const named = (file: string): string => `${pushed.name}, ${relative(baseDirectory, file)}`;
  const joined = await joinFiles(names, files, baseDirectory).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.placed.map((one) => (one.file === undefined ? one : { ...one, file: named(one.file) })),
    );
  });
  return {
    ...own,
    value: isRecord(joined.value) ? merged(own.value, joined.value) : joined.value,
    locate: locateIn(own, joined.locate, named),
    files: { ...(await ownFiles(own)), pushed },
  };
}

function at(baseDirectory: string, { texts, folders }: PushedFiles): FilesRead {
  const there = (path: string): string => join(baseDirectory, path);
  return {
    texts: Object.fromEntries(Object.entries(texts).map(([path, text]) => [there(path), text])),
    folders: Object.fromEntries(Object.entries(folders).map(([path, names]) => [there(path), names.map(there)])),
  };
}

function merged(own: unknown, pushed: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const file = isRecord(own) ? own : {};
  const mine = Object.entries(file).filter(([key]) => IS_LOCAL.has(key));
  const others = Object.entries(pushed).filter(([key]) => !IS_LOCAL.has(key));
  return Object.fromEntries([...others.map(([key, value]) => [key, withOwnState(key, value, file)]), ...mine]);
}

/**
 * `acme.state` names a folder of one machine, in which the program writes. So it is that of the member's own file, else a folder in its `cluster.state`, and never
 * what was pushed.
 */
function withOwnState(key: string, value: unknown, own: Readonly<Record<string, unknown>>): unknown {
  if (key !== 'acme' || !isRecord(value)) return value;
  const { state: _pushed, ...rest } = value;
  const state = isRecord(own.acme) ? own.acme.state : undefined;
  if (state !== undefined) return { ...rest, state };
  const folder = isRecord(own.cluster) ? own.cluster.state : undefined;
  return typeof folder === 'string' ? { ...rest, state: join(folder, 'acme') } : rest;
}

function locateIn(own: ConfigSource, locate: Locate, named: (file: string) => string): Locate {
  return (path, which) => {
    const [top, second] = path;
    if (typeof top === 'string' && IS_LOCAL.has(top)) return own.locate?.(path, which);
    const ofOwn = top === 'acme' && second === 'state' ? own.locate?.(path, which) : undefined;
    if (ofOwn !== undefined) return ofOwn;
    const location = locate(path, which);
    return location?.file === undefined ? location : { ...location, file: named(location.file) };
  };
}

/** What is watched of it. The text of a module is only for that. */
async function ownFiles({ file, files }: ConfigSource): Promise<FilesRead> {
  if (files !== undefined || file === undefined) return files ?? { texts: {}, folders: {} };
  const text = await readFile(file, 'utf8');
  return { texts: { [file]: text }, folders: {} };
}
