import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { findCommand } from './requires.ts';

export interface Nginx {
  /** Its port on 127.0.0.1, or 0 when it listens on a Unix socket. */
  readonly port: number;
  /** The path of its Unix socket, if it listens on one. */
  readonly path: string;
  /** The folder that it serves, and that it writes uploads to. */
  readonly root: string;
  /** The content of its error log. */
  readonly stderr: () => string;
  stop(): Promise<void>;
}

/** Starts an nginx in a folder of its own. `server` is the content of its `server` block. */
export async function startNginx(server: string, where: 'port' | 'unix' = 'port'): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-nginx-'));
  const root = join(folder, 'root');
  await mkdir(root);
  await chmod(folder, 0o755);
  const path = join(folder, 'nginx.sock');
  const port = where === 'port' ? await freePort() : 0;
  const listen = where === 'port' ? `127.0.0.1:${port}` : `unix:${path}`;
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, root, listen, server));
  const program = findCommand('nginx');
  if (program === undefined) throw new Error('There is no nginx.');
  const argv = ['-p', folder, '-c', join(folder, 'nginx.conf')];
  const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
    await rm(folder, { recursive: true });
  };
  const destination = where === 'port' ? { port, host: '127.0.0.1' } : { path };
  while (!(await accepts(destination))) {
    if (child.exitCode !== null) throw new Error(`nginx has ended: ${stderr}`);
    await wait(20);
  }
  return { port, path, root, stderr: () => stderr, stop };
}

/** The configuration: one process in the foreground that writes only to its folder. */
function configuration(folder: string, root: string, listen: string, server: string): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 100000;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen ${listen};
    root ${root};
    ${server}
  }
}
`;
}

function accepts(destination: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(destination);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
