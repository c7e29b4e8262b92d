import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigInput } from 'inband';
import { selfSigned } from '../../packages/tls/test-support/certificates.ts';

/** Writes a configuration that uses each of our packages, and returns its path. */
export async function writeEveryFeature(
  folder: string,
  store: NonNullable<ConfigInput['store']>,
  workers: number,
): Promise<string> {
  const { cert, key } = selfSigned({ names: ['a.example'] });
  await writeFile(join(folder, 'a.pem'), cert + key);
  await writeFile(join(folder, 'cluster.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
  await writeFile(join(folder, 'every.pac'), 'function FindProxyForURL() { return "DIRECT"; }');
  const tokens = { ci: `sha256:${createHash('sha256').update('a token of a build').digest('hex')}` };
  const config: ConfigInput = {
    workers,
    store,
    cluster: { name: 'packed', member: 'one', secret: { file: 'cluster.key' }, state: 'pushed.json' },
    admin: { bind: '127.0.0.1:0' },
    acme: { directory: 'https://127.0.0.1:1/directory', hosts: ['b.example'], challenge: 'tls-alpn-01', state: 'acme' },
    listeners: [
      { bind: '127.0.0.1:0', service: 'web', tls: { certificates: [{ cert: 'a.pem' }] } },
      { bind: '127.0.0.1:0', service: 'out' },
    ],
    services: {
      web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '127.0.0.1:9' } }] },
      out: {
        mode: 'forward',
        auth: [{ type: 'token', tokens }],
        limits: { perClient: { requests: { rate: '10/s', burst: 10 } } },
        routes: [{ chainer: { type: 'pac', file: 'every.pac' } }],
      },
    },
  };
  const file = join(folder, `every-${store.type}.json`);
  await writeFile(file, JSON.stringify(config));
  return file;
}
