import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch, Peer } from './peer.ts';
import { programOf } from './program.ts';
import { LAST_HOST, type Setup } from './setup.ts';
import type { Site } from './site.ts';

export type TransportName = 'node' | 'epoll';

/** The role of a program in a run: the one under test, or the same program before a change. */
export interface Role {
  readonly name: 'inband' | 'before';
  readonly main: string;
}

/** The program, once for each transport that works on this machine. */
export function inbandPeers(
  { name, main }: Role,
  directory: string,
  makeSite: (directory: string) => Site,
  only?: TransportName,
): Peer[] {
  const { version }: { version: string } = JSON.parse(readFileSync(join(main, '../../package.json'), 'utf8'));
  const transports: TransportName[] = only === undefined ? ['node', 'epoll'] : [only];
  return transports
    .filter((transport) => transportWorks(main, transport, makeSite(join(directory, `check-${name}-${transport}`))))
    .map((transport) => ({
      name: `${name}-${transport}`,
      family: name === 'inband' ? 'ours' : 'node',
      version,
      everywhere: true,
      launch: (setup, site) => launchInband(main, transport, setup, site),
    }));
}

/** A version without this transport, or a machine that does not support it, refuses the configuration. */
function transportWorks(main: string, transport: TransportName, site: Site): boolean {
  const path = site.write('inband.json', JSON.stringify(configuration({ kind: 'requests' }, transport, site)));
  const check = spawnSync(process.execPath, [programOf(main), 'check', '--config', path], { encoding: 'utf8' });
  if (check.status !== 0 && transport === 'node')
    throw new Error(`inband does not start: ${check.stdout}${check.stderr}`);
  return check.status === 0;
}

function launchInband(main: string, transport: TransportName, setup: Setup, site: Site): Launch {
  const path = site.write('inband.json', JSON.stringify(configuration(setup, transport, site), undefined, 2));
  return {
    command: process.execPath,
    args: [programOf(main), 'run', '--config', path],
    env: { NODE_ENV: 'production' },
    form: setup.kind === 'requests' ? 'absolute' : 'origin',
    ...(setup.kind === 'requests' && setup.accessLog === true ? { stdoutFile: site.path('access.log') } : {}),
  };
}

/**
 * The configuration has only what a workload needs, because the defaults are what is measured. The access log is off
 * where it is not the subject, as in all peers. `forwarded` is off in front of servers, because the peers add no such field.
 */
export function configuration(setup: Setup, transport: TransportName, site: Pick<Site, 'port' | 'origins'>): object {
  return {
    workers: 1,
    transport,
    log: { level: 'warn', access: setup.kind === 'requests' && setup.accessLog === true },
    listeners: [{ bind: `127.0.0.1:${site.port}`, service: 'bench' }],
    services: { bench: { proxy: 'http', ...service(setup, site) } },
  };
}

function service(setup: Setup, site: Pick<Site, 'origins'>): object {
  const servers = site.origins.http.map((port) => `127.0.0.1:${port}`);
  switch (setup.kind) {
    case 'requests':
      return { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] };
    case 'tunnels':
      return { mode: 'forward', http: { connectPorts: 'any' }, routes: [{ chainer: { type: 'inband' } }] };
    case 'failover':
      return {
        mode: 'reverse',
        http: { forwarded: 'off' },
        routes: [
          { chainer: setup.chainer === 'pool' ? { type: 'pool', servers } : { type: 'failover', hosts: servers } },
        ],
      };
    case 'routes':
      return { mode: 'reverse', http: { forwarded: 'off' }, ...manyRoutes(setup.count, servers[0] ?? '') };
  }
}

/** `count` routes and as many rules: hosts, suffixes and paths in turn, of which only the last is for LAST_HOST. */
function manyRoutes(count: number, remote: string): object {
  const chainer = { type: 'directed', remote };
  const routes: object[] = [];
  const access: object[] = [];
  for (let number = 1; number < count; number += 1) {
    routes.push({ match: matchOf(number), chainer });
    access.push(ruleOf(number));
  }
  return {
    access: [...access, { allow: { clients: ['127.0.0.0/8'], methods: ['GET', 'POST'] } }],
    routes: [...routes, { match: { host: LAST_HOST }, chainer }],
  };
}

function matchOf(number: number): object {
  if (number % 3 === 0) return { host: `*.zone-${number}.example` };
  return number % 3 === 1 ? { host: `host-${number}.example` } : { host: LAST_HOST, path: `/path-${number}/` };
}

function ruleOf(number: number): object {
  const address = `198.51.${100 + (number >> 8)}.${number & 255}`;
  if (number % 3 === 0) return { deny: { clients: [`${address}/32`] } };
  return number % 3 === 1
    ? { deny: { hosts: [`denied-${number}.example`] } }
    : { deny: { servers: [`${address}/32`] } };
}
