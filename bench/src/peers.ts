import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Launch, Peer } from './peer.ts';
import type { Setup } from './setup.ts';
import type { Site } from './site.ts';
import { versionOf, type Tools } from './processes/tools.ts';

/** Names by which `--peers` chooses. nginx comes in two variants, HAProxy too. */
export const PEER_NAMES = ['nginx', 'haproxy', 'squid', 'tinyproxy', 'proxy-chain', 'http-proxy-3'] as const;

/** All peers that are installed. Their configurations, with comments, are in bench/peers. */
export function otherPeers(tools: Tools): Peer[] {
  const peers: Peer[] = [];
  if (tools.nginx !== undefined) peers.push(...nginxPeers(tools.nginx));
  if (tools.haproxy !== undefined) peers.push(...haproxyPeers(tools.haproxy));
  if (tools.squid !== undefined) peers.push(squidPeer(tools.squid));
  if (tools.tinyproxy !== undefined) peers.push(tinyproxyPeer(tools.tinyproxy));
  peers.push(nodePeer('proxy-chain', ['requests', 'tunnels'], 'absolute'));
  peers.push(nodePeer('http-proxy-3', ['requests'], 'origin'));
  return peers;
}

/** The origins that a reverse proxy is in front of. */
function serversFor(setup: Setup, site: Site): readonly number[] {
  return setup.kind === 'failover' ? site.origins.http : site.origins.http.slice(0, 1);
}

function nginxPeers(nginx: string): Peer[] {
  const version = versionOf(nginx, ['-v'], /nginx\/(\S+)/);
  const variant = (name: string, buffering: 'on' | 'off'): Peer => ({
    name,
    family: 'c',
    version,
    onlyWhenNamed: buffering === 'off',
    launch: (setup, site) => {
      if (setup.kind !== 'requests' && setup.kind !== 'failover') return undefined;
      const logs = setup.kind === 'requests' && setup.accessLog === true;
      const path = site.render('peers/nginx.conf', {
        directory: site.directory,
        port: site.port,
        buffering,
        // Buffered, because our log is, and nginx would write each line by itself.
        accessLog: logs ? `access_log ${site.path('access.log')} combined buffer=64k flush=200ms;` : 'access_log off;',
        servers: serversFor(setup, site)
          .map((port) => `    server 127.0.0.1:${port};`)
          .join('\n'),
      });
      return { command: nginx, args: ['-c', path, '-e', site.path('error.log')], form: 'origin' };
    },
  });
  return [variant('nginx', 'on'), variant('nginx-unbuffered', 'off')];
}

function haproxyPeers(haproxy: string): Peer[] {
  const version = versionOf(haproxy, ['-v'], /version (\S+)/);
  const launch = (splice: boolean, setup: Setup, site: Site): Launch | undefined => {
    const path = haproxyConfiguration(splice, setup, site);
    return path === undefined ? undefined : { command: haproxy, args: ['-db', '-f', path], form: 'origin' };
  };
  return [
    { name: 'haproxy', family: 'c', version, launch: (setup, site) => launch(true, setup, site) },
    {
      name: 'haproxy-without-splice',
      family: 'c',
      version,
      onlyWhenNamed: true,
      launch: (setup, site) => launch(false, setup, site),
    },
  ];
}

function haproxyConfiguration(splice: boolean, setup: Setup, site: Site): string | undefined {
  if (setup.kind === 'tunnels') {
    return site.render('peers/haproxy-tcp.cfg', {
      port: site.port,
      origin: site.origins.tunnel,
      splice: splice ? 'option splice-request\n  option splice-response' : 'no option splice-auto',
    });
  }
  if (setup.kind === 'routes' || (setup.kind === 'requests' && setup.accessLog === true)) return undefined;
  const servers = serversFor(setup, site).map((port, index) => `  server s${index} 127.0.0.1:${port}`);
  return site.render('peers/haproxy-http.cfg', { port: site.port, servers: servers.join('\n') });
}

function squidPeer(squid: string): Peer {
  return {
    name: 'squid',
    family: 'c',
    version: versionOf(squid, ['-v'], /Version (\S+)/),
    launch: (setup, site) => {
      const path = squidConfiguration(setup, site);
      if (path === undefined) return undefined;
      return { command: squid, args: ['-N', '-f', path], form: setup.kind === 'failover' ? 'origin' : 'absolute' };
    },
  };
}

function squidConfiguration(setup: Setup, site: Site): string | undefined {
  const { directory, port } = site;
  switch (setup.kind) {
    case 'requests': {
      const log =
        setup.accessLog === true ? `access_log stdio:${site.path('access.log')}\nbuffered_logs on` : 'access_log none';
      return site.render('peers/squid-forward.conf', { directory, port, accessLog: log });
    }
    case 'tunnels':
      return site.render('peers/squid-forward.conf', { directory, port, accessLog: 'access_log none' });
    case 'failover': {
      const peers = site.origins.http.map(
        (origin, index) =>
          `cache_peer 127.0.0.1 parent ${origin} 0 originserver round-robin no-query no-digest name=s${index}`,
      );
      return site.render('peers/squid-reverse.conf', { directory, port, servers: peers.join('\n') });
    }
    case 'routes':
      return undefined;
  }
}

function tinyproxyPeer(tinyproxy: string): Peer {
  return {
    name: 'tinyproxy',
    family: 'c',
    version: versionOf(tinyproxy, ['-v'], /tinyproxy (\S+)/),
    launch: (setup, site) => {
      if (setup.kind !== 'tunnels' && (setup.kind !== 'requests' || setup.accessLog === true)) return undefined;
      const path = site.render('peers/tinyproxy.conf', { directory: site.directory, port: site.port });
      return { command: tinyproxy, args: ['-d', '-c', path], form: 'absolute', closesUnannounced: true };
    },
  };
}

function nodePeer(
  name: 'proxy-chain' | 'http-proxy-3',
  kinds: readonly Setup['kind'][],
  form: 'absolute' | 'origin',
): Peer {
  const script = fileURLToPath(new URL(`../peers/${name}.ts`, import.meta.url));
  return {
    name,
    family: 'node',
    version: packageVersion(name),
    launch: (setup, site) => {
      if (!kinds.includes(setup.kind) || (setup.kind === 'requests' && setup.accessLog === true)) return undefined;
      const args = [script, String(site.port), String(site.origins.http[0])];
      return { command: process.execPath, args, env: { NODE_ENV: 'production' }, form };
    },
  };
}

function packageVersion(name: string): string {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  const { version }: { version: string } = JSON.parse(readFileSync(path, 'utf8'));
  return version;
}
