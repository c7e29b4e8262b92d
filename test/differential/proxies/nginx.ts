import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressOf, type Ground, lanesOf, launch, type Peer, portOf } from './proxy.ts';
import { ORIGIN_PORT } from '../wire/origin.ts';

export const nginx: Peer = {
  name: 'nginx',
  command: 'nginx',
  start: (lanes) => {
    const ground = { number: 1, lanes };
    return launch({
      name: 'nginx',
      command: 'nginx',
      ground,
      prepare: async (folder) => {
        const path = join(folder, 'nginx.conf');
        await writeFile(path, configuration(folder, ground));
        return ['-p', folder, '-c', path];
      },
    });
  },
};

function configuration(folder: string, ground: Ground): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const servers = lanesOf(ground).map(
    (lane) => `
  server {
    listen 127.0.0.1:${portOf(ground, lane)};
    location / { proxy_pass http://${addressOf(ground, lane)}:${ORIGIN_PORT}; }
  }`,
  );
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log /dev/null crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 0;
  ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_request_buffering off;
  proxy_next_upstream off;
  ${servers.join('')}
}
`;
}
