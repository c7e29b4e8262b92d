import { parseSockAddr } from '../schema/bind.ts';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { named, records } from './written.ts';

/**
 * Port 0 of a server stands for the port that the client addressed. Warns where clients address none, and where they
 * address the proxy itself. Looks at the configuration as it was written.
 */
export function checkOpenPorts({ listeners, services }: Record<string, unknown>): Problem[] {
  const ofSockets = new Set(
    records(listeners)
      .filter(([, { bind }]) => typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix')
      .map(([, { service }]) => service),
  );
  return named(services).flatMap(([name, { mode, routes }]) => {
    const message = suspicion(mode, ofSockets.has(name));
    if (message === undefined) return [];
    return records(routes)
      .flatMap(([index, { chainer }]) => openPorts(chainer, ['services', name, 'routes', index, 'chainer']))
      .map((path): Problem => ({ path, warning: true, message }));
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

/** Where a chainer, or one within it, names servers with port 0. */
function openPorts(chainer: unknown, path: ConfigPath): ConfigPath[] {
  if (!isRecord(chainer)) return [];
  const inner = openPorts(chainer.chainer, [...path, 'chainer']);
  if (chainer.type === 'directed' && isOpen(chainer.remote)) return [[...path, 'remote'], ...inner];
  if (chainer.type !== 'failover' || !Array.isArray(chainer.hosts)) return inner;
  const hosts: unknown[] = chainer.hosts;
  return [...hosts.flatMap((host, index) => (isOpen(host) ? [[...path, 'hosts', index]] : [])), ...inner];
}

function isOpen(server: unknown): boolean {
  return typeof server === 'string' && !server.startsWith('unix:') && server.endsWith(':0');
}
