import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressOf, type Ground, lanesOf, launch, type Peer, portOf } from './proxy.ts';
import { ORIGIN_PORT } from '../wire/origin.ts';

/** From the port of a lane as a forward proxy to its port as a reverse proxy. */
const REVERSE = 500;

export const squid: Peer = {
  name: 'Squid',
  command: 'squid',
  start: (lanes) => {
    const ground = { number: 3, lanes };
    return launch({
      name: 'Squid',
      command: 'squid',
      ground,
      prepare: async (folder) => {
        const path = join(folder, 'squid.conf');
        await writeFile(path, configuration(folder, ground));
        return ['-N', '-f', path];
      },
      way: (lane, mode) => ({
        port: portOf(ground, lane) + (mode === 'reverse' ? REVERSE : 0),
        address: addressOf(ground, lane),
      }),
    });
  },
};

function configuration(folder: string, ground: Ground): string {
  const lanes = lanesOf(ground).map((lane) => {
    const port = portOf(ground, lane);
    return `
http_port 127.0.0.1:${port + REVERSE} accel vhost defaultsite=origin.test name=reverse${lane}
http_port 127.0.0.1:${port} name=forward${lane}
acl lane${lane} myportname forward${lane} reverse${lane}
cache_peer ${addressOf(ground, lane)} parent ${ORIGIN_PORT} 0 no-query no-digest originserver name=origin${lane} connect-fail-limit=1000000
cache_peer_access origin${lane} allow lane${lane}
cache_peer_access origin${lane} deny all`;
  });
  return `
${lanes.join('')}
never_direct allow all
http_access allow all
cache deny all
access_log none
cache_log /dev/null
pid_filename ${folder}/squid.pid
coredump_dir ${folder}
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname squid.test
dns_nameservers 127.0.0.1
server_persistent_connections off
forward_max_tries 1
request_timeout 5 seconds
client_lifetime 1 minute
workers 1
`;
}
