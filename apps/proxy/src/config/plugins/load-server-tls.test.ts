import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { parseConfig } from '../parse-config.ts';
import { ConfigError } from '../problem/problem.ts';

const DAY = 86_400_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-load-server-tls-'));
  const authority = makeAuthority();
  const files = {
    'ca.pem': authority.cert,
    'crl.pem': authority.crl([]),
    'old.pem': authority.crl([], new Date(Date.now() - DAY / 2)),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true }));

/** What is said of `tls` of a chainer, errors and warnings. */
async function said(tls: object): Promise<string[]> {
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: {
      web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: 'https://a.example', tls } }] },
    },
  };
  try {
    return [...(await parseConfig({ value, baseDirectory: folder })).warnings];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').filter((line) => line.includes('tls'));
    throw error;
  }
}

test.each<[object, string | undefined]>([
  [{ ca: 'ca.pem', crl: 'crl.pem' }, undefined],
  [{ crl: ['crl.pem'] }, undefined],
  [{ ca: 'crl.pem' }, 'chainer.tls.ca: crl.pem: it has no certificate of an authority'],
  [{ ca: 'ca.pem', crl: 'ca.pem' }, 'chainer.tls.crl: ca.pem: it has no list of revoked certificates (X509 CRL)'],
  [{ ca: 'ca.pem', crl: 'gone.pem' }, 'chainer.tls.crl: gone.pem: '],
  [
    { ca: 'ca.pem', crl: 'old.pem' },
    'chainer.tls.crl: warning: a list of revoked certificates is out of date, so that no server is accepted',
  ],
  [{ verify: false }, 'chainer.tls.verify: warning: servers are not verified'],
  [{ verify: false, crl: 'crl.pem' }, 'chainer.tls.crl: warning: this has no effect with "verify: false"'],
])('of the files of %j is said: %s', async (tls, expected) => {
  const lines = await said(tls);
  if (expected === undefined) expect(lines).toEqual([]);
  else expect(lines).toContainEqual(expect.stringContaining(expected));
});
