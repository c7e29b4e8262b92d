import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigPath, Problem } from '../../problem/problem.ts';
import { isPlain } from '../../problem/written.ts';

/** Keys that name a file with a secret, wherever they stand. */
const SECRET_FILES: ReadonlySet<string> = new Set(['passwordFile', 'tokenFile', 'secretFile']);
/** What sets a field of a message; `file` below it is most often a secret. */
const SETTING: ReadonlySet<string> = new Set(['set', 'add', 'append']);
/** Any permission of users that are neither the owner nor of the group. */
const OTHERS = 0o007;

/** Warns about files with secrets that every user of this machine may read. The configuration is as it was written. */
export function checkOpenSecrets(config: Record<string, unknown>, baseDirectory: string): Problem[] {
  const files: FoundFile[] = [];
  findFiles(config, [], files);
  return files.flatMap(({ file, path }) => {
    if (!isOpenToAll(resolve(baseDirectory, file))) return [];
    const message = 'every user of this machine may read this file, which has a secret in it; chmod o= it.';
    return [{ path, warning: true, message }];
  });
}

interface FoundFile {
  readonly file: string;
  readonly path: ConfigPath;
}

/** `path` is the same again when it returns. One for all, because most of a large configuration is no secret. */
function findFiles(value: unknown, path: (string | number)[], found: FoundFile[]): void {
  if (namesSecret(path)) {
    const files: unknown[] = Array.isArray(value) ? value : [value];
    if (files.every((file) => typeof file === 'string')) {
      found.push(...files.map((file, index) => ({ file, path: value === file ? [...path] : [...path, index] })));
      return;
    }
  }
  if (!isPlain(value)) return;
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const inside: unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (let index = 0; index < inside.length; index += 1) {
    path.push(keys?.[index] ?? index);
    findFiles(inside[index], path, found);
    path.pop();
  }
}

/** Whether what stands there is the path of a file with a secret. */
function namesSecret(path: ConfigPath): boolean {
  const key = path.at(-1);
  if (typeof key !== 'string') return false;
  return SECRET_FILES.has(key) || (key === 'file' && (setsField(path) || isOfCluster(path)));
}

/** Whether this is a value for a request, `… fields, request, 0, set, authorization, file`. What clients get is no secret. */
function setsField(path: ConfigPath): boolean {
  const change = path.at(-3);
  return path.at(-5) === 'request' && path.at(-6) === 'fields' && typeof change === 'string' && SETTING.has(change);
}

/** Whether this is `store.password.file`, `store.token.file` or `cluster.secret.file`. */
function isOfCluster([section, key, _file, ...more]: ConfigPath): boolean {
  if (more.length > 0) return false;
  return section === 'store' ? key === 'password' || key === 'token' : section === 'cluster' && key === 'secret';
}

/** By its own permissions: a folder above may keep others out nevertheless. */
function isOpenToAll(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && (status.mode & OTHERS) !== 0;
}
