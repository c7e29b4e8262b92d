import type { ConfigPath, Problem } from '../problem/problem.ts';
import { parseSockAddr } from '../schema/bind.ts';

/** `mode`, `user` and `group` are those of a file, and only unix sockets with a path have one. */
export function checkSocketFile(path: ConfigPath, listening: Record<string, unknown>): Problem[] {
  const address = typeof listening.bind === 'string' ? parseSockAddr(listening.bind) : undefined;
  if (address === undefined || (address.family === 'unix' && !address.path.startsWith('\0'))) return [];
  const what = address.family === 'unix' ? 'an abstract name has no file; every user may connect' : 'this is no file';
  return ['mode', 'user', 'group']
    .filter((key) => listening[key] !== undefined)
    .map((key): Problem => {
      return { path: [...path, key], at: 'key', message: `${what}; "${key}" is for "unix:/path".` };
    });
}
