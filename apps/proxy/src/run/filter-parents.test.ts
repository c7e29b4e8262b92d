import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { makeAuthority } from '../../../../packages/tls/test-support/certificates.ts';
import { createInband } from '../single/inband.ts';
import type { Inband } from '../single/embedding.ts';

const portOf = ({ listeners: [first] }: Inband): number => (first?.address.family === 'inet' ? first.address.port : 0);

async function ask(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ host: '127.0.0.1', port, path: 'http://shop.example/', agent: false }, (response) => {
    text(response).then(
      (body) => resolve(`${response.statusCode} ${String(response.headers['proxy-status'])} ${body}`),
      reject,
    );
  })
    .on('error', reject)
    .end();
  return promise;
}

test('a parent with https:// that a filter chooses is asked over TLS, and must be who it says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-parent-'));
  const { chain, key } = makeAuthority().issue({ names: ['127.0.0.1'] });
  await writeFile(join(folder, 'parent.pem'), chain + key, { mode: 0o600 });
  const parent = await createInband(
    {
      listeners: [{ bind: '127.0.0.1:0', service: 'parent', tls: { certificates: [{ cert: 'parent.pem' }] } }],
      services: { parent: { mode: 'forward', routes: [{ respond: { status: 200, body: 'never' } }] } },
    },
    { baseDirectory: folder },
  );
  const inband = await createInband({
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: {
      web: {
        mode: 'forward',
        access: [{ allow: { hosts: ['shop.example'] } }],
        routes: [{ chainer: { type: 'inband' } }],
        filters: [{ onRequest: () => ({ parent: `https://127.0.0.1:${portOf(parent)}` }) }],
      },
    },
  });
  // Twice, because TLS is loaded with the first one.
  for (let count = 0; count < 2; count += 1)
    expect(await ask(portOf(inband))).toMatch(/^502 [^]*error=tls_certificate_error/);
  await inband.close({ grace: 0 });
  await parent.close({ grace: 0 });
  await rm(folder, { recursive: true });
});
