import { OURS, programOf } from '../program.ts';
import type { Site } from '../site.ts';

/** A server of the pool under test. */
export interface PoolServer {
  readonly port: number;
  readonly weight: number;
}

export interface PoolProgram {
  readonly name: string;
  /** The command and its arguments, with a configuration that is written into `site`. */
  command(site: Site, servers: readonly PoolServer[]): readonly [string, ...string[]];
}

/** With what its documentation advises for a pool: passive checks, and another server when one fails. It has no active checks. */
export function nginxPool(nginx: string): PoolProgram {
  return {
    name: 'nginx',
    command: (site, servers) => {
      const listed = servers.map(({ port, weight }) => `    server 127.0.0.1:${port} weight=${weight};`);
      const values = { directory: site.directory, port: site.port, servers: listed.join('\n') };
      return [nginx, '-c', site.render('peers/nginx-pool.conf', values), '-e', site.path('error.log')];
    },
  };
}

/** With active checks, and another server when one fails. */
export function haproxyPool(haproxy: string): PoolProgram {
  return {
    name: 'haproxy',
    command: (site, servers) => {
      const listed = servers.map(({ port, weight }) => `  server s${port} 127.0.0.1:${port} weight ${weight}`);
      return [
        haproxy,
        '-db',
        '-f',
        site.render('peers/haproxy-pool.cfg', { port: site.port, servers: listed.join('\n') }),
      ];
    },
  };
}

/** With the same active checks as HAProxy; the rest is what it does by default. */
export function inbandPool(): PoolProgram {
  return {
    name: 'inband',
    command: (site, servers) => {
      const listed = servers.map(({ port, weight }) => ({ address: `127.0.0.1:${port}`, weight }));
      const check = { type: 'http', path: '/health', interval: '1s', fall: 2, rise: 2 };
      const configuration = {
        workers: 1,
        log: { level: 'warn', access: false },
        listeners: [{ bind: `127.0.0.1:${site.port}`, service: 'pool' }],
        services: { pool: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers: listed, check } }] } },
      };
      const path = site.write('inband.json', JSON.stringify(configuration, undefined, 2));
      return [process.execPath, programOf(OURS), 'run', '--config', path];
    },
  };
}
