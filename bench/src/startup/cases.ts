import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Installed } from './installed.ts';

const sources = fileURLToPath(new URL('../../../apps/proxy/bin/inband.mjs', import.meta.url));

/** A program that listens on the port of the benchmark. */
export interface Case {
  readonly name: string;
  /** What follows `node`. */
  readonly args: readonly string[];
  /** Where its compile cache is. Others have none. */
  readonly cache?: string;
}

const ROUTES = 10_000;
const NETWORKS = 100_000;

/** What starts on `port` of 127.0.0.1. The files that they read are in the folder of the package. */
export function casesOn(port: number, { folder, program }: Installed): readonly Case[] {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const bind = `127.0.0.1:${port}`;
  const bare = `import { createServer } from 'node:net';\ncreateServer().listen(${port}, '127.0.0.1');\n`;
  const small = {
    listeners: [{ bind, service: 'default' }],
    services: { default: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
  };
  const large = largeConfiguration(bind);
  file('networks.txt', networks());
  const workers = file('workers.yaml', JSON.stringify({ ...small, workers: 2 }));
  const cache = join(folder, 'cache');
  return [
    { name: 'bare Node.js', args: [file('bare.mjs', bare)] },
    { name: 'default configuration', args: [program, 'forward', bind] },
    { name: 'default configuration, a later start', args: [program, 'forward', bind], cache },
    { name: 'the same, from a file', args: [program, '--config', file('small.yaml', JSON.stringify(small))] },
    {
      name: 'the same, two workers',
      args: [program, '--config', workers],
    },
    { name: 'the same, two workers, a later start', args: [program, '--config', workers], cache },
    {
      name: '10,000 routes, 100,000 networks, JSON',
      args: [program, '--config', file('large.json', JSON.stringify(large))],
    },
    { name: 'the same in YAML', args: [program, '--config', file('large.yaml', stringify(large))] },
    { name: 'default configuration, from the sources', args: [sources, 'forward', bind] },
  ];
}

function largeConfiguration(bind: string): object {
  const routes = Array.from({ length: ROUTES }, (_, index) => ({
    match: { host: `host${index}.example` },
    chainer: { type: 'directed', remote: `10.${index >> 8}.${index & 255}.1:80` },
  }));
  return {
    listeners: [{ bind, service: 'web' }],
    zones: { partners: { file: 'networks.txt' } },
    services: { web: { mode: 'reverse', routes } },
  };
}

function networks(): string {
  return Array.from({ length: NETWORKS }, (_, index) => `${network(index)}\n`).join('');
}

/** One of many in IPv4, none next to another, so that they cannot be joined. */
function network(index: number): string {
  return `${20 + (index >> 15)}.${(index >> 7) & 255}.${(index & 127) * 2}.0/24`;
}
