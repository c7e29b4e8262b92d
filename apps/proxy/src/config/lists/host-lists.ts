import { resolve } from 'node:path';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { records } from '../problem/written.ts';
import { type HostFile, readHostFile } from './host-file.ts';
import { ListFileError } from './list-file-error.ts';

/** The content of the files of hosts that rules and routes name, by the paths of the files. */
export type HostLists = ReadonlyMap<string, HostFile>;

/** A place of a configuration that names a file of hosts. */
interface NamedFile {
  readonly at: ConfigPath;
  readonly name: string;
}

/**
 * Reads the files of hosts of all services, each once. Relative paths are relative to `baseDirectory`. `services` is not validated
 * yet; values of the wrong type are skipped, because the schema reports them.
 */
export async function loadHostLists(
  services: unknown,
  baseDirectory: string,
): Promise<{ readonly hostLists: HostLists; readonly problems: readonly Problem[] }> {
  const hostLists = new Map<string, HostFile>();
  const failed = new Map<string, ListFileError>();
  const problems: Problem[] = [];
  for (const { at, name } of filesIn(services)) {
    const path = resolve(baseDirectory, name);
    try {
      const known = failed.get(path);
      if (known !== undefined) throw known;
      if (!hostLists.has(path)) hostLists.set(path, await readHostFile(path, name));
    } catch (error) {
      if (!(error instanceof ListFileError)) throw error;
      failed.set(path, error);
      problems.push(...error.problems.map((message) => ({ path: at, message })));
    }
  }
  return { hostLists, problems };
}

function* filesIn(services: unknown): Generator<NamedFile> {
  for (const [name, service] of Object.entries(isRecord(services) ? services : {})) {
    if (!isRecord(service)) continue;
    for (const [index, rule] of listOf(service.access).entries()) {
      for (const action of ['allow', 'deny']) {
        const conditions = isRecord(rule) ? rule[action] : undefined;
        if (isRecord(conditions)) {
          yield* filesOf(conditions.hosts, ['services', name, 'access', index, action, 'hosts']);
        }
      }
    }
    for (const [index, { match }] of records(service.routes)) {
      // Most are names, and a generator for each takes long.
      if (isRecord(match) && typeof match.host !== 'string') {
        yield* filesOf(match.host, ['services', name, 'routes', index, 'match', 'host']);
      }
    }
  }
}

/** The files in a condition on hosts: one entry, or a list of them. */
function* filesOf(hosts: unknown, path: ConfigPath): Generator<NamedFile> {
  if (Array.isArray(hosts)) {
    for (const [index, host] of hosts.entries()) yield* filesOf(host, [...path, index]);
  } else if (isRecord(hosts)) {
    const at = [...path, 'file'];
    if (typeof hosts.file === 'string' && hosts.file !== '') yield { at, name: hosts.file };
    for (const [index, name] of listOf(hosts.file).entries()) {
      if (typeof name === 'string' && name !== '') yield { at: [...at, index], name };
    }
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
