import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressOf, type Ground, lanesOf, launch, type Peer, portOf } from './proxy.ts';
import { ORIGIN_PORT } from '../wire/origin.ts';

export const haproxy: Peer = {
  name: 'HAProxy',
  command: 'haproxy',
  start: (lanes) => {
    const ground = { number: 2, lanes };
    return launch({
      name: 'HAProxy',
      command: 'haproxy',
      ground,
      prepare: async (folder) => {
        const path = join(folder, 'haproxy.cfg');
        await writeFile(path, configuration(ground));
        return ['-db', '-q', '-f', path];
      },
    });
  },
};

function configuration(ground: Ground): string {
  const lanes = lanesOf(ground).map(
    (lane) => `
listen lane${lane}
  bind 127.0.0.1:${portOf(ground, lane)}
  server origin ${addressOf(ground, lane)}:${ORIGIN_PORT}`,
  );
  return `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  retries 0
  http-reuse never
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout http-request 5s
${lanes.join('\n')}
`;
}
