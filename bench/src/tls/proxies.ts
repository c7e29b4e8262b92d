import { OURS, programOf } from '../program.ts';
import type { Site } from '../site.ts';
import { HOST, type Certificate } from './certificate.ts';

/** On which sides of the proxy there is TLS. `none` is what it costs without. */
export const SIDES = ['none', 'client', 'server', 'both'] as const;
export type Sides = (typeof SIDES)[number];

/** Ports of the origin. */
export interface TlsOrigin {
  readonly plain: number;
  readonly tls: number;
}

/** What a configuration is made of. */
export interface Setting {
  readonly sides: Sides;
  readonly origin: TlsOrigin;
  readonly certificate: Certificate;
}

export interface Program {
  readonly name: string;
  /** The command and its arguments, with a configuration that is written into `site`. */
  command(site: Site, setting: Setting): readonly [string, ...string[]];
}

export function toClients(sides: Sides): boolean {
  return sides === 'client' || sides === 'both';
}

export function toServers(sides: Sides): boolean {
  return sides === 'server' || sides === 'both';
}

export function nginxProgram(nginx: string): Program {
  return {
    name: 'nginx',
    command: (site, { sides, origin, certificate: { ca, certificate, key } }) => {
      const listen = [`ssl_certificate ${certificate};`, `ssl_certificate_key ${key};`, 'ssl_protocols TLSv1.3;'];
      const connect = ['proxy_ssl_verify on;', `proxy_ssl_trusted_certificate ${ca};`, `proxy_ssl_name ${HOST};`];
      const path = site.render('peers/nginx-tls.conf', {
        directory: site.directory,
        port: site.port,
        server: toServers(sides) ? origin.tls : origin.plain,
        scheme: toServers(sides) ? 'https' : 'http',
        listenTls: toClients(sides) ? ' ssl' : '',
        tlsToClients: toClients(sides) ? lines(4, listen) : '',
        tlsToServers: toServers(sides)
          ? lines(6, [...connect, 'proxy_ssl_server_name on;', 'proxy_ssl_protocols TLSv1.3;'])
          : '',
      });
      return [nginx, '-c', path, '-e', site.path('error.log')];
    },
  };
}

function lines(indent: number, directives: readonly string[]): string {
  return directives.map((directive) => ' '.repeat(indent) + directive).join('\n');
}

export function haproxyProgram(haproxy: string): Program {
  return {
    name: 'haproxy',
    command: (site, { sides, origin, certificate: { ca, both } }) => {
      const path = site.render('peers/haproxy-tls.cfg', {
        port: site.port,
        server: toServers(sides) ? origin.tls : origin.plain,
        bindTls: toClients(sides) ? ` ssl crt ${both} ssl-min-ver TLSv1.3` : '',
        serverTls: toServers(sides)
          ? ` ssl verify required ca-file ${ca} sni str(${HOST}) verifyhost ${HOST} ssl-min-ver TLSv1.3`
          : '',
      });
      return [haproxy, '-db', '-f', path];
    },
  };
}

/** `main`: another checkout's program. */
export function inbandProgram(name: string, main = OURS): Program {
  return {
    name,
    command: (site, setting) => {
      const path = site.write('inband.json', JSON.stringify(inbandConfiguration(site.port, setting), undefined, 2));
      return [process.execPath, programOf(main), 'run', '--config', path];
    },
  };
}

function inbandConfiguration(port: number, { sides, origin, certificate }: Setting): object {
  const { ca, certificate: cert, key } = certificate;
  const directed = toServers(sides)
    ? { remote: `https://127.0.0.1:${origin.tls}`, tls: { servername: HOST, ca } }
    : { remote: `127.0.0.1:${origin.plain}` };
  const tls = { certificates: [{ cert, key }] };
  return {
    workers: 1,
    log: { level: 'warn', access: false },
    listeners: [{ bind: `127.0.0.1:${port}`, service: 'bench', ...(toClients(sides) && { tls }) }],
    services: {
      bench: {
        mode: 'reverse',
        http: { forwarded: 'off' },
        routes: [{ chainer: { type: 'directed', ...directed } }],
      },
    },
  };
}
