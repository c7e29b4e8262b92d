import type { ConfiguredRoutes } from '@inband/admin';
import { formatHostPort, formatSockAddr, type HostPort, type SockAddr } from '@inband/core';
import { formatBind } from '../config/values/bind.ts';
import { formatPath, isRecord } from '../config/problem/problem.ts';
import type { ServiceConfig } from '../config/schema/schema.ts';
import { matchText } from './match-text.ts';
import type { Configured } from './owner.ts';

/** Services and their routes, in words, as the configuration has them. */
export function routesAnswer({ parsed }: Pick<Configured, 'parsed'>): ConfiguredRoutes {
  const { listeners, services, chainers } = parsed.config;
  return {
    services: Object.entries(services).map(([name, service]) => ({
      name,
      kind: service.proxy === 'tls' ? 'tls guard' : `${service.proxy}, ${service.mode}`,
      listeners: listeners.filter((one) => one.service === name).map(({ bind }) => formatBind(bind)),
      policy: policyOf(service),
      routes: service.routes.map(({ match, chainer, respond, redirect }, index) => {
        const path = ['services', name, 'routes', index];
        const own = respond === undefined ? redirect && 'redirect' : 'respond';
        if (own !== undefined) return { name: formatPath(path), match: matchText(match), chainer: own };
        const isNamed = typeof chainer === 'string';
        const place = isNamed ? ['chainers', chainer] : [...path, 'chainer'];
        const servers = serversIn(parsed.pluginOptions.get(formatPath(place)));
        return {
          name: formatPath(path),
          match: matchText(match),
          chainer: isNamed ? `${chainers[chainer]?.type} (${formatPath(place)})` : chainer.type,
          ...(servers.length > 0 && { servers }),
        };
      }),
    })),
  };
}

function policyOf({ access, mode }: ServiceConfig): string {
  const defaults = `the defaults of mode ${mode}`;
  if (access.length === 0) return defaults;
  return `${access.length} ${access.length === 1 ? 'rule' : 'rules'}, then ${defaults}`;
}

/** Of `directed` and `failover`, and of plugins that call their servers alike. */
function serversIn(options: unknown): string[] {
  if (!isRecord(options)) return [];
  const servers: unknown[] = Array.isArray(options.hosts) ? options.hosts : [options.remote];
  return servers
    .filter(isServer)
    .map((server) => ('family' in server ? formatSockAddr(server) : formatHostPort(server)));
}

function isServer(value: unknown): value is SockAddr | HostPort {
  if (!isRecord(value)) return false;
  return typeof value.family === 'string' || (typeof value.host === 'string' && typeof value.port === 'number');
}
