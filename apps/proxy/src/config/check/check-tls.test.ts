import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { ConfigError } from '../problem/problem.ts';
import { parseConfig } from '../parse-config.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-tls-'));
  const { cert, key } = makeAuthority().issue({ names: ['web.example'] });
  await writeFile(join(folder, 'web.pem'), cert + key, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

/** What is said of a listener's `tls`, errors and warnings. */
async function said(tls: unknown, access: unknown[] = [], others: object = {}): Promise<string[]> {
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web', tls }],
    services: {
      web: { mode: 'reverse', access, routes: [{ chainer: { type: 'directed', remote: 'a.example:80' } }] },
      ...others,
    },
  };
  try {
    return [...(await parseConfig({ value, baseDirectory: folder })).warnings];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').filter((line) => line.includes('tls'));
    throw error;
  }
}

const certificates = [{ cert: 'web.pem' }];

describe('TLS of a listener', () => {
  test('needs authorities to ask clients for certificates, and asks for them only if it is to', async () => {
    expect(await said({ certificates })).toEqual([]);
    expect(await said({ certificates, clientAuth: 'require' })).toMatchObject([
      expect.stringContaining('tls.clientAuth: no certificate of a client can be verified'),
    ]);
    expect(await said({ certificates, ca: 'web.pem' })).toMatchObject([
      expect.stringMatching(/tls\.ca: warning: this has no effect/),
    ]);
    expect(await said({ certificates, ca: 'web.pem', clientAuth: 'request' })).toEqual([]);
  });
});

test('only a service with "proxy: tls" can serve what is passed on as it came', async () => {
  expect(await said({ certificates, match: [{ names: 'mail.example', pass: 'web' }] })).toMatchObject([
    expect.stringContaining('match[0].pass: "web" is no service with "proxy: tls"'),
  ]);
});

test.each([
  ['mail.example', undefined, 'refuses "mail.example": it relays only what is on its list, "services.mail.tls.allow"'],
  ['mail.example', ['*.mail.example'], 'refuses "mail.example"'],
  [['a.mail.example', 'b.example'], ['*.mail.example'], 'refuses "b.example"'],
  [undefined, undefined, 'refuses every name'],
  [undefined, ['mail.example'], undefined],
  ['MAIL.example', 'mail.example', undefined],
  ['*.example', ['mail.example'], undefined],
  ['*.b.example', ['*.example'], undefined],
])('what is passed on to a guard that relays none of it: %j to %j', async (names, allow, expected) => {
  const routes = [{ chainer: { type: 'directed', remote: 'a.example:443' } }];
  const mail = { proxy: 'tls', routes, ...(allow && { tls: { allow } }) };
  const warnings = await said({ certificates, match: [{ ...(names && { names }), pass: 'mail' }] }, [], { mail });
  const told = warnings.filter((warning) => warning.includes('match[0].pass: warning: the service "mail"'));
  expect(told).toEqual(expected === undefined ? [] : [expect.stringContaining(expected)]);
});

test('rules for users and certificates are suspicious where no client is asked for one', async () => {
  const access = [{ allow: { users: 'ann.example' } }, { deny: { certificates: '*.example' } }];
  expect(await said({ certificates }, access)).toMatchObject([
    expect.stringMatching(/access\[0\]\.allow\.users: warning: this rule never matches/),
    expect.stringMatching(/access\[1\]\.deny\.certificates: warning: this rule never matches/),
  ]);
  expect(await said({ certificates, ca: 'web.pem', clientAuth: 'request' }, access)).toEqual([]);
});
