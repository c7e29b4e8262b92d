import { inetAddr } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../../../packages/tls/test-support/certificates.ts';
import { parseConfig } from '../config/parse-config.ts';
import { explain } from './explain.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-explain-'));
  const { cert, key } = makeAuthority().issue({ names: ['*.shop.example'], addresses: ['192.0.2.1'] });
  await writeFile(join(folder, 'shop.pem'), cert + key, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

interface How {
  readonly clientAuth?: 'request' | 'require';
  readonly access?: readonly object[];
  /** A name in the certificate of the client. */
  readonly certificate?: string;
}

async function ask(url: string, others: readonly object[] = [], more: object = {}, how: How = {}) {
  const directed = (port: number) => [{ chainer: { type: 'directed', remote: `198.51.100.1:${port}` } }];
  const value = {
    ...more,
    listeners: [
      {
        bind: '127.0.0.1:443',
        service: 'web',
        tls: {
          certificates: [{ cert: 'shop.pem' }],
          ...(how.clientAuth && { clientAuth: how.clientAuth, ca: 'shop.pem' }),
          match: [
            { names: 'mail.shop.example', pass: 'mail' },
            { names: 'api.shop.example', terminate: 'api' },
            { names: 'old.shop.example', refuse: 'alert' },
          ],
        },
      },
      ...others,
    ],
    services: {
      web: { mode: 'reverse', routes: [{ match: { port: 443 }, ...directed(80)[0] }] },
      api: { mode: 'reverse', access: how.access ?? [], routes: directed(81) },
      mail: { proxy: 'tls', tls: { allow: 'mail.shop.example' }, routes: directed(443) },
    },
  };
  const source = { value, baseDirectory: folder };
  const client = inetAddr('127.0.0.1', 50_000)!;
  return explain(await parseConfig(source), source, {
    client,
    listener: 0,
    method: 'GET',
    url,
    certificate: how.certificate,
  });
}

test('a request over TLS runs through the service, with the port of https where the URL has none', async () => {
  const found = await ask('https://a.shop.example/');
  expect(found).toMatchObject({ verdict: 'allow', service: 'web', servers: [{ address: '198.51.100.1:80' }] });
  expect(found.steps.map(({ name }) => name)).toContain('misdirected');
  expect(await ask('https://192.0.2.1/')).toMatchObject({ verdict: 'allow', service: 'web' });
});

test('a rule of tls.match decides before the service', async () => {
  expect(await ask('https://api.shop.example/')).toMatchObject({ verdict: 'allow', service: 'api' });
  const rule = (index: number): string => `listeners[0].tls.match[${index}]`;
  expect(await ask('https://mail.shop.example/')).toMatchObject({ verdict: 'depends', service: 'mail', rule: rule(0) });
  expect(await ask('https://old.shop.example/')).toMatchObject({ verdict: 'deny', rule: rule(2) });
});

test('a name without a certificate is denied by an alert', async () => {
  const found = await ask('https://other.example/');
  expect(found).toMatchObject({ verdict: 'deny', rule: 'listeners[0].tls.certificates' });
  expect(found.reason).toContain('unrecognized_name');
});

test('a name has a certificate if one is ordered for it', async () => {
  const acme = {
    directory: 'https://ca.example/directory',
    hosts: [['New.example', 'www.new.example']],
    onDemand: { allow: ['*.tenants.example'] },
    state: join(folder, 'state'),
  };
  const verdictOf = async (url: string): Promise<string> => (await ask(url, [], { acme })).verdict;
  expect(await verdictOf('https://www.new.example/')).toBe('allow');
  expect(await verdictOf('https://new.example/')).toBe('allow');
  expect(await verdictOf('https://a.tenants.example/')).toBe('allow');
  expect(await verdictOf('https://a.shop.example/')).toBe('allow');
  const { verdict, reason } = await ask('https://other.example/', [], { acme });
  expect(verdict).toBe('deny');
  expect(reason).toContain('and "acme" orders none');
});

test('a URL with http:// does not fit a listener with TLS', async () => {
  expect(await ask('http://a.shop.example/')).toMatchObject({ verdict: 'deny', status: 400 });
  const { reason } = await ask('http://a.shop.example/', [{ bind: ':80', service: 'web' }]);
  expect(reason).toMatch(/ask about https:\/\/, or with --listener \S+:80\.$/);
});

test('a client certificate names the user, and rules about certificates see it', async () => {
  const access = [
    { allow: { certificates: ['spiffe://example/*', 'ann.example'] } },
    { allow: { users: 'ops@example.com' } },
    { deny: {} },
  ];
  const as = (certificate?: string) =>
    ask(
      'https://api.shop.example/',
      [],
      {},
      { clientAuth: 'request', access, ...(certificate !== undefined && { certificate }) },
    );
  expect(await as('spiffe://example/billing')).toMatchObject({ verdict: 'allow', rule: 'services.api.access[0]' });
  expect(await as('Ann.example')).toMatchObject({ verdict: 'allow', rule: 'services.api.access[0]' });
  expect(await as('ops@example.com')).toMatchObject({ verdict: 'allow', rule: 'services.api.access[1]' });
  expect(await as('other.example')).toMatchObject({ verdict: 'deny', rule: 'services.api.access[2]' });
  expect(await as()).toMatchObject({ verdict: 'deny', rule: 'services.api.access[2]' });
});

test('a listener that requires a certificate has no handshake without one, and one that asks for none sees none', async () => {
  const rule = 'listeners[0].tls.clientAuth';
  const url = 'https://api.shop.example/';
  expect(await ask(url, [], {}, { clientAuth: 'require' })).toMatchObject({ verdict: 'deny', rule });
  const shown = await ask(url, [], {}, { clientAuth: 'require', certificate: 'ann.example' });
  expect(shown).toMatchObject({ verdict: 'allow', service: 'api' });
  expect(await ask(url, [], {}, { certificate: 'ann.example' })).toMatchObject({ verdict: 'deny', rule });
});
