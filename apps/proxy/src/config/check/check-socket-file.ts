import type { ConfigPath, Problem } from '../problem/problem.ts';
import { type Bind, parseBind } from '../values/bind.ts';

/** `mode`, `user` and `group` are those of a file, and only unix sockets with a path have one. */
export function checkSocketFile(path: ConfigPath, listening: Record<string, unknown>): Problem[] {
  const address = typeof listening.bind === 'string' ? parseBind(listening.bind) : undefined;
  if (address === undefined || (address.family === 'unix' && !address.path.startsWith('\0'))) return [];
  const what = whyNoFile(address);
  return ['mode', 'user', 'group']
    .filter((key) => listening[key] !== undefined)
    .map((key): Problem => {
      return { path: [...path, key], at: 'key', message: `${what}; "${key}" is for "unix:/path".` };
    });
}

function whyNoFile({ family }: Bind): string {
  if (family === 'systemd') return 'the socket unit says who may connect (SocketMode=, SocketUser=, SocketGroup=)';
  return family === 'unix' ? 'an abstract name has no file; every user may connect' : 'this is no file';
}
