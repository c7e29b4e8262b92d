import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { loadTls } from './load-tls.ts';

const DAY = 86_400_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-tls-'));
  const authority = makeAuthority();
  const { chain, key } = authority.issue({ names: ['a.example', '*.b.example'] });
  const old = authority.issue({ notBefore: new Date(0), notAfter: new Date(Date.now() - DAY) });
  await mkdir(join(folder, 'certs'));
  const files = {
    'a.pem': chain,
    'a.key': key,
    'both.pem': chain + key,
    'old.pem': old.chain + old.key,
    'certs/b.crt': chain,
    'certs/b.key': key,
    'ca.pem': authority.cert,
    'crl.pem': authority.crl([], new Date(Date.now() - DAY / 2)),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await chmod(join(folder, 'certs/b.key'), 0o644);
});

afterAll(() => rm(folder, { recursive: true }));

async function load(tls: unknown, { isStrict = true, ...others }: { isStrict?: boolean; acme?: object } = {}) {
  const { loaded, problems } = await loadTls(
    { listeners: [{ tls }], ...others },
    { baseDirectory: folder },
    { isStrict },
  );
  const found = problems.map(({ path, warning, message }) => {
    return `${path.slice(2).join('.')} ${warning === true ? 'warning' : 'error'}: ${message}`;
  });
  return { loaded, found };
}

test('nothing of TLS is loaded without a listener that has it', async () => {
  const listeners = [{ bind: ':1' }, 7, { tls: 7 }];
  expect(await loadTls({ listeners }, { baseDirectory: folder }, { isStrict: true })).toEqual({
    loaded: undefined,
    problems: [],
  });
  expect(await loadTls({}, { baseDirectory: folder }, { isStrict: true })).toMatchObject({ loaded: undefined });
});

test('certificates are read from pairs, from one file, and from folders, relative to the configuration', async () => {
  const certificates = [{ cert: 'a.pem', key: 'a.key' }, { cert: join(folder, 'both.pem') }, { dir: 'certs' }];
  const { loaded, found } = await load({ certificates, defaultCertificate: 'x.B.example', ca: 'ca.pem' });
  expect(
    [...(loaded?.certificates.values() ?? [])].flatMap((files) => files.certificates.map(({ file }) => file)),
  ).toEqual(['a.pem', join(folder, 'both.pem'), 'certs/b.crt']);
  expect([...(loaded?.trust.values() ?? [])].map(({ current }) => current.ca.length)).toEqual([1]);
  expect(found).toEqual([
    'tls.certificates.2 warning: certs/b.key: everybody on this machine may read the private key; "chmod o= certs/b.key" changes that.',
  ]);
});

test.each([
  [
    'no certificate',
    {},
    ['tls error: a listener with TLS needs a certificate: "certificates" with "cert" and "key", or with "dir".'],
  ],
  [
    'a file that is not there',
    { certificates: [7, { cert: 'no.pem' }] },
    [expect.stringMatching(/^tls\.certificates\.1 error: no\.pem: the file cannot be read: ENOENT/)],
  ],
  [
    'a default that no certificate has',
    { certificates: [{ cert: 'both.pem' }], defaultCertificate: 'c.example' },
    ['tls.defaultCertificate error: no certificate of this listener is one for "c.example".'],
  ],
  [
    'a CRL without authorities',
    { certificates: [{ cert: 'both.pem' }], crl: 'ca.pem' },
    [
      'tls.crl error: lists of revoked certificates are of no use without "ca", which says whose certificates are accepted.',
      'tls.crl error: ca.pem: it has no list of revoked certificates (X509 CRL).',
    ],
  ],
  [
    'a key where authorities should be',
    { certificates: [{ cert: 'both.pem' }], ca: ['ca.pem', 'a.key'] },
    ['tls.ca error: a.key: it has no certificate of an authority.'],
  ],
  [
    'a CRL that is out of date',
    { certificates: [{ cert: 'both.pem' }], ca: 'ca.pem', crl: 'crl.pem' },
    ['tls.crl warning: a list of revoked certificates is out of date, so that no certificate of a client is accepted.'],
  ],
])('%s is a problem with its place', async (_what, tls, expected) => {
  expect((await load(tls)).found).toEqual(expected);
});

test('an expired certificate is used, and "inband check" hears of it', async () => {
  const { loaded, found } = await load({ certificates: [{ cert: 'old.pem' }] });
  expect(found).toEqual([expect.stringMatching(/^tls\.certificates\.0 warning: old\.pem: it expired on /)]);
  expect(loaded?.expired).toMatchObject([{ path: ['listeners', 0, 'tls', 'certificates', 0] }]);
});

test('each certificate that is read is a step forward, so that the bound of loading is not one for all of them', async () => {
  let steps = 0;
  const onProgress = () => void (steps += 1);
  const listeners = [{ tls: { certificates: [{ cert: 'both.pem' }, { cert: 'no.pem' }, { dir: 'certs' }] } }];
  await loadTls({ listeners }, { baseDirectory: folder }, { isStrict: true, onProgress });
  expect(steps).toBe(3);
});

test('with ACME there may be no certificate yet', async () => {
  expect((await load({ defaultCertificate: 'a.example' }, { acme: {} })).found).toEqual([]);
});

test('in a worker what cannot be used is a warning', async () => {
  const certificates = [{ cert: 'no.pem' }, { cert: 'both.pem' }];
  const { loaded, found } = await load({ certificates }, { isStrict: false });
  expect(found).toEqual([expect.stringMatching(/^tls\.certificates\.0 warning: no\.pem: the file cannot be read/)]);
  expect([...(loaded?.certificates.values() ?? [])].map((files) => files.certificates.length)).toEqual([1]);
});

test.each([
  ['ciphers', 'NONSENSE', 'ciphers error: OpenSSL has no such ciphers;'],
  ['ciphers', 'TLS_NONSENSE', 'ciphers error: OpenSSL has no such ciphers;'],
  ['ciphers', 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256', undefined],
  ['groups', 'X25519:NONSENSE', 'groups error: OpenSSL has not all of these groups;'],
  ['groups', 'X25519:P-256', undefined],
  ['groups', 7, undefined],
])('%s that OpenSSL does not know are told: %j', async (key, list, expected) => {
  const { found } = await load({ certificates: [{ cert: 'both.pem' }], [key]: list });
  expect(found).toEqual(expected === undefined ? [] : [expect.stringContaining(expected)]);
});
