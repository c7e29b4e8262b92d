import { parseSockAddr } from '../values/bind.ts';
import { isRecord, type Problem } from '../problem/problem.ts';
import { named, records } from '../problem/written.ts';

/**
 * Transparent listeners and transparent services need each other: such a service needs the original destination of its clients,
 * and other services cannot use it. The configuration is as it was written.
 */
export function checkTransparent(config: Record<string, unknown>): Problem[] {
  return [...checkTransparentListeners(config), ...checkTransparentServices(config)];
}

function checkTransparentListeners({ transport, listeners, services }: Record<string, unknown>): Problem[] {
  const modes = new Map(named(services).map(([name, { mode }]) => [name, mode]));
  return records(listeners).flatMap(([index, { bind, service, transparent }]): Problem[] => {
    const mode = typeof service === 'string' ? modes.get(service) : undefined;
    const at = (key: string, message: string): Problem => ({ path: ['listeners', index, key], message });
    if (transparent === undefined) {
      if (mode !== 'transparent') return [];
      const how = 'say how they arrive here, by "transparent: redirect" or "transparent: tproxy".';
      return [
        at('service', `the service "${String(service)}" is for intercepted connections (mode transparent); ${how}`),
      ];
    }
    const problems: Problem[] = [];
    if (mode === 'forward' || mode === 'reverse') {
      const message = `intercepted connections need a service of mode transparent, and "${String(service)}" is of mode ${mode}.`;
      problems.push(at('transparent', message));
    }
    if (typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix') {
      problems.push(at('bind', 'a unix socket cannot accept intercepted connections; bind an address with a port.'));
    }
    if (transport === 'node') {
      const message = 'the transport "node" cannot accept intercepted connections; set "transport" to epoll or auto.';
      problems.push(at('transparent', message));
    }
    return problems;
  });
}

function checkTransparentServices({ services, chainers }: Record<string, unknown>): Problem[] {
  return named(services).flatMap(([name, { proxy, mode, routes }]) =>
    records(routes).flatMap(([index, { chainer: written }]) => {
      const isNamed = typeof written === 'string';
      const chainer = isNamed && isRecord(chainers) ? chainers[written] : written;
      // A TLS guard always has this mode, and does not use the Host field.
      const message = isRecord(chainer) && proxy !== 'tls' ? suspicion(mode, chainer.type) : undefined;
      return message === undefined
        ? []
        : [
            {
              path: ['services', name, 'routes', index, 'chainer', ...(isNamed ? [] : ['type'])],
              warning: true,
              message,
            },
          ];
    }),
  );
}

function suspicion(mode: unknown, type: unknown): string | undefined {
  if (type === 'transparent' && mode !== 'transparent') {
    return 'every request fails here: this chainer is for services of mode transparent, whose listeners know where a client was going.';
  }
  if (type === 'inband' && mode === 'transparent') {
    return 'the Host that a client claims decides here where to connect, not where it was going; the chainer "transparent" goes there.';
  }
  return undefined;
}
