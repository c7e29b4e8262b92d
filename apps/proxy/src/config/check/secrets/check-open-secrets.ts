import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigPath, isRecord, type Problem } from '../../problem/problem.ts';

/** Keys that name a file with a secret, wherever they stand. */
const SECRET_FILES: ReadonlySet<string> = new Set(['passwordFile', 'tokenFile', 'secretFile']);
/** What sets a field of a message; `file` below it is most often a secret. */
const SETTING: ReadonlySet<string> = new Set(['set', 'add', 'append']);
/** Any permission of users that are neither the owner nor of the group. */
const OTHERS = 0o007;

/** Warns about files with secrets that every user of this machine may read. The configuration is as it was written. */
export function checkOpenSecrets(config: Record<string, unknown>, baseDirectory: string): Problem[] {
  return filesIn(config, []).flatMap(({ file, path }) => {
    if (!isOpenToAll(resolve(baseDirectory, file))) return [];
    const message = 'every user of this machine may read this file, which has a secret in it; chmod o= it.';
    return [{ path, warning: true, message }];
  });
}

interface FoundFile {
  readonly file: string;
  readonly path: ConfigPath;
}

function filesIn(value: unknown, path: ConfigPath): FoundFile[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => filesIn(item, [...path, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]): FoundFile[] => {
    const at = [...path, key];
    const files: unknown[] = Array.isArray(inner) ? inner : [inner];
    if (!files.every((file) => typeof file === 'string')) return filesIn(inner, at);
    const isSecret = SECRET_FILES.has(key) || (key === 'file' && (setsField(path) || isOfCluster(path)));
    return isSecret ? files.map((file, index) => ({ file, path: inner === file ? at : [...at, index] })) : [];
  });
}

/** Whether this is the place of a value for a request, `… fields, request, 0, set, authorization`. What clients get is no secret. */
function setsField(path: ConfigPath): boolean {
  const change = path.at(-2);
  return path.at(-4) === 'request' && path.at(-5) === 'fields' && typeof change === 'string' && SETTING.has(change);
}

/** Whether this is the place of `store.password`, `store.token` or `cluster.secret`. */
function isOfCluster([section, key, ...more]: ConfigPath): boolean {
  if (more.length > 0) return false;
  return section === 'store' ? key === 'password' || key === 'token' : section === 'cluster' && key === 'secret';
}

/** By its own permissions: a folder above may keep others out nevertheless. */
function isOpenToAll(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && (status.mode & OTHERS) !== 0;
}
