import { parseSockAddr } from '../values/bind.ts';
import { type PluginUse, servicesByPlace } from '../plugins/plugin-uses.ts';
import type { Problem } from '../problem/problem.ts';
import type { FoundReference } from '../schema/references-in.ts';
import { named, records } from '../problem/written.ts';

/**
 * Port 0 of a server stands for the port that the client addressed. Warns if clients have no such port, and if it is the
 * port of the proxy itself. The configuration is as it was written.
 */
export function checkOpenPorts(
  { listeners, services }: Record<string, unknown>,
  references: readonly FoundReference[],
  uses: readonly PluginUse[],
): Problem[] {
  const ofSockets = new Set(
    records(listeners)
      .filter(([, { bind }]) => typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix')
      .map(([, { service }]) => service),
  );
  const open = new Map<string, FoundReference[]>();
  const servicesAt = servicesByPlace(uses);
  for (const reference of references) {
    if (reference.to !== 'server-or-port' || !isOpen(reference.name)) continue;
    for (const service of servicesAt(reference.path)) {
      const known = open.get(service);
      if (known === undefined) open.set(service, [reference]);
      else known.push(reference);
    }
  }
  return named(services).flatMap(([name, { mode }]) => {
    const message = suspicion(mode, ofSockets.has(name));
    if (message === undefined) return [];
    return (open.get(name) ?? []).map(({ path }): Problem => ({ path, warning: true, message }));
  });
}

function suspicion(mode: unknown, isOfSocket: boolean): string | undefined {
  if (isOfSocket) {
    return 'port 0 stands for the port that the client addressed, and clients of a unix socket address none: their requests fail.';
  }
  if (mode === 'forward') {
    return 'port 0 stands for the port that the client addressed, which in mode forward is that of this proxy; write the port of the server.';
  }
  return undefined;
}

function isOpen(server: string): boolean {
  return !server.startsWith('unix:') && server.endsWith(':0');
}
