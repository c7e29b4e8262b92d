import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, LOAD_CORE, waitForPort, type Processes } from '../processes/processes.ts';
import type { Origins } from '../setup.ts';
import { Site } from '../site.ts';

const NODE_ORIGIN = fileURLToPath(new URL('node-origin.ts', import.meta.url));
const TUNNEL_ORIGIN = fileURLToPath(new URL('tunnel-origin.ts', import.meta.url));
const KIB = 1024;

/** Starts the origins on the load's core. The HTTP one is nginx at `nginx`, or Node where there is none. */
export async function startOrigins(
  processes: Processes,
  directory: string,
  nginx: string | undefined,
): Promise<Origins> {
  const [a = 0, b = 0, c = 0, d = 0, inner = 0, tunnel = 0] = await freePorts(6);
  const origins: Origins = { http: [a, b, c, d], tunnel };
  const site = new Site(join(directory, 'origin'), inner, origins);
  const http = processes.start({
    core: LOAD_CORE,
    ...(nginx === undefined
      ? { command: process.execPath, args: [NODE_ORIGIN, ...origins.http.map(String)] }
      : { command: nginx, args: ['-c', nginxConfiguration(site), '-e', site.path('error.log')] }),
  });
  const tunnels = processes.start({
    core: LOAD_CORE,
    command: process.execPath,
    args: [TUNNEL_ORIGIN, String(tunnel)],
  });
  for (const port of origins.http) await waitForPort(port, http);
  await waitForPort(tunnel, tunnels);
  return origins;
}

function nginxConfiguration(site: Site): string {
  site.write('10k', Buffer.alloc(10 * KIB, 'x'));
  site.write('64k', Buffer.alloc(64 * KIB, 'x'));
  site.write('1m', Buffer.alloc(1024 * KIB, 'x'));
  return site.render('origin/nginx.conf', {
    directory: site.directory,
    inner: site.port,
    hundred: 'x'.repeat(100),
    listens: site.origins.http.map((port) => `    listen 127.0.0.1:${port} backlog=4096;`).join('\n'),
  });
}
