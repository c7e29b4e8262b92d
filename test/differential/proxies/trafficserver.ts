import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressOf, type Ground, lanesOf, launch, type Peer, portOf } from './proxy.ts';
import { ORIGIN_PORT } from '../wire/origin.ts';

export const trafficServer: Peer = {
  name: 'Traffic Server',
  command: 'traffic_server',
  start: (lanes) => {
    const ground = { number: 4, lanes };
    return launch({
      name: 'Traffic Server',
      command: 'traffic_server',
      ground,
      prepare: async (folder) => {
        await writeFolder(folder, ground);
        return [`--run-root=${join(folder, 'runroot.yaml')}`];
      },
    });
  },
};

/** As Debian installs it. */
const INSTALLED = '/etc/trafficserver';
const EMPTY = ['plugin', 'storage', 'cache', 'hosting', 'parent', 'volume', 'splitdns', 'socks', 'ssl_multicert'];

async function writeFolder(folder: string, ground: Ground): Promise<void> {
  for (const name of ['etc', 'var', 'run', 'log', 'cache']) {
    await mkdir(join(folder, name));
    // It gives up root.
    await chmod(join(folder, name), 0o777);
  }
  const etc = (name: string): string => join(folder, 'etc', name);
  await writeFile(join(folder, 'runroot.yaml'), runroot(folder));
  await writeFile(etc('records.config'), records(ground));
  await writeFile(etc('remap.config'), remap(ground));
  for (const name of EMPTY) await writeFile(etc(`${name}.config`), '');
  for (const name of ['ip_allow.yaml', 'logging.yaml']) await copyFile(join(INSTALLED, name), etc(name));
}

function runroot(folder: string): string {
  return `
prefix: ${folder}
exec_prefix: ${folder}
sysconfdir: ${folder}/etc
bindir: /usr/bin
sbindir: /usr/bin
libexecdir: /usr/lib/trafficserver/modules
datadir: ${folder}/var
includedir: /usr/include
libdir: /usr/lib/trafficserver
localstatedir: ${folder}/run
runtimedir: ${folder}/run
logdir: ${folder}/log
cachedir: ${folder}/cache
`;
}

function records(ground: Ground): string {
  const ports = lanesOf(ground).map((lane) => `${portOf(ground, lane)}:ip-in=127.0.0.1`);
  return `
CONFIG proxy.config.http.server_ports STRING ${ports.join(' ')}
CONFIG proxy.config.admin.user_id STRING ${process.getuid?.() === 0 ? 'trafficserver' : '#-1'}
CONFIG proxy.config.http.cache.http INT 0
CONFIG proxy.config.reverse_proxy.enabled INT 1
CONFIG proxy.config.url_remap.remap_required INT 1
CONFIG proxy.config.url_remap.pristine_host_hdr INT 1
CONFIG proxy.config.http.keep_alive_enabled_out INT 0
CONFIG proxy.config.http.connect_attempts_max_retries INT 0
CONFIG proxy.config.http.transaction_no_activity_timeout_in INT 5
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.net.connections_throttle INT 4000
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.crash_log_helper STRING NULL
`;
}

/** The port at which a request came decides, whatever host it names. */
function remap(ground: Ground): string {
  const lines = lanesOf(ground).map(
    (lane) =>
      `regex_map_with_recv_port http://.*:${portOf(ground, lane)}/ http://${addressOf(ground, lane)}:${ORIGIN_PORT}/`,
  );
  return `${lines.join('\n')}\n`;
}
