import { isRecord, type Problem } from '../problem/problem.ts';
import { named, records } from '../problem/written.ts';

/** Checks what clients of listeners may speak: SOCKS asks for a tunnel, which only a forward proxy has. As it was written. */
export function checkAccept({ listeners, services }: Record<string, unknown>): Problem[] {
  const known = new Map(named(services));
  return records(listeners).flatMap(([index, { accept, service, tls }]) => {
    if (!Array.isArray(accept) || accept.every((protocol) => protocol === 'http')) return [];
    const matched = isRecord(tls) ? records(tls.match).map(([, { terminate }]) => terminate) : [];
    return [service, ...matched].flatMap((name): Problem[] => {
      const reached = typeof name === 'string' ? known.get(name) : undefined;
      if (reached === undefined || (reached.proxy !== 'tls' && reached.mode === 'forward')) return [];
      const what = reached.proxy === 'tls' ? 'is a TLS guard' : `is of mode ${String(reached.mode)}`;
      const message = `SOCKS is for forward proxies, and the service "${String(name)}" ${what}.`;
      return [{ path: ['listeners', index, 'accept'], message }];
    });
  });
}
