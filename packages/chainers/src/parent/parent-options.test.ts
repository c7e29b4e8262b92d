// oxlint-disable unicorn/no-thenable -- `then` is an option of parents, and no function
import type { PrepareContext } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { parentOptions } from './parent-options.ts';
import { prepareLogin } from './prepare-login.ts';

function issues(options: Record<string, unknown>): string[] {
  const result = parentOptions.safeParse({ protocol: 'http', servers: ['proxy.example:3128'], ...options });
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('options of a parent', () => {
  test.each([
    [{ auth: { user: 'ann', password: 'secret' } }],
    [{ auth: { user: 'ann', passwordFile: 'secret.txt', scheme: 'digest' } }],
    [{ auth: { token: 'abc.def' } }],
    [{ auth: { scheme: 'negotiate', user: 'ann@CORP.EXAMPLE' } }],
    [{ auth: 'pass' }],
    [{ protocol: 'https' }],
    [{ protocol: 'https', tls: { verify: false }, servers: ['https://proxy.example'] }],
    [{ protocol: 'socks5', auth: { user: 'ann', password: 'secret' } }],
    [{ protocol: 'socks4a', auth: { user: 'ann' } }],
    [{ check: { type: 'connect', target: 'probe.example:443' } }],
  ])('are good as %j', (options) => expect(issues(options)).toEqual([]));

  test.each([
    [{ auth: {} }, 'auth.user: expected a user, or a token'],
    [{ auth: { password: 'a' } }, 'auth.user: '],
    [{ auth: { user: 'a', password: 'b', passwordFile: 'c' } }, 'auth.passwordFile: there is a password already'],
    [{ auth: { user: 'a', token: 'b' } }, 'auth.user: it logs in either'],
    [{ auth: { token: 'a', tokenFile: 'b' } }, 'auth.tokenFile: '],
    [{ auth: { token: 'a', scheme: 'basic' } }, 'auth.scheme: a token is said as it is'],
    [{ auth: { token: 'a b' } }, 'auth.token: '],
    [{ auth: { user: 'a\r\nb', password: '' } }, 'auth.user: expected a text without control characters'],
    [{ auth: { scheme: 'negotiate', password: 'a' } }, 'auth.password: Kerberos has tickets'],
    [{ auth: 'pass', then: { type: 'inband' } }, 'auth: logins of clients are not passed through a tunnel'],
    [{ protocol: 'socks5', auth: 'pass' }, 'auth: logins of clients are passed to HTTP parents only'],
    [{ protocol: 'socks5', auth: { user: 'a' } }, 'auth: SOCKS5 wants a password'],
    [{ protocol: 'socks5', auth: { token: 'a' } }, 'auth: a token is for HTTP'],
    [{ protocol: 'socks5', auth: { user: 'a', password: 'b', scheme: 'digest' } }, 'auth: SOCKS has no'],
    [{ protocol: 'socks5', auth: { user: 'a'.repeat(256), password: 'b' } }, 'auth: SOCKS takes at most 255'],
    [{ protocol: 'socks4a', auth: { user: 'a', password: 'b' } }, 'auth: SOCKS4A knows a user only'],
    [{ tls: true }, 'tls: TLS to the parent takes "protocol: https"'],
    [{ protocol: 'https', tls: false }, 'tls: with "protocol: https" it cannot be off'],
    [{ servers: ['https://proxy.example'] }, 'servers: a server has https://, and tls is off'],
    [{ protocol: 'https', servers: ['http://proxy.example'] }, 'servers: a server has http://, and tls is on'],
    [{ protocol: 'ftp' }, 'protocol: '],
    [{ check: { type: 'connect' } }, 'check.target: a check of type connect needs a target'],
    [{ check: { type: 'tcp', target: 'a.example:1' } }, 'check.target: target is for checks of type connect'],
    [{ sticky: { cookie: 'a' } }, ': '],
  ])('are refused as %j', (options, message) => {
    expect(issues(options)).toEqual([expect.stringContaining(message)]);
  });
});

describe('what a login needs beside its options', () => {
  const files: Readonly<Record<string, string>> = { good: 'secret\r\n', empty: '\n', two: 'a\nb\n' };
  const context: PrepareContext = {
    baseDirectory: '/',
    readText: (file) => (file in files ? Promise.resolve(files[file] ?? '') : Promise.reject(new Error('ENOENT'))),
    importModule: (name) => Promise.reject(new Error(`Cannot find package '${name}'\nsomewhere`)),
  };

  test('is the line of a file, without its end', async () => {
    const one = await prepareLogin({ user: 'ann', passwordFile: 'good' }, context);
    const other = await prepareLogin({ tokenFile: 'good' }, { ...context, readText: () => Promise.resolve('other') });
    expect([one.secret, other.secret]).toEqual(['secret', 'other']);
    expect(one.identity).not.toBe(other.identity);
    expect(one.identity).not.toContain('secret');
  });

  test.each([
    ['missing', 'cannot be read: ENOENT'],
    ['empty', 'should hold one line'],
    ['two', 'should hold one line'],
  ])('is no file that is %s', async (file, message) => {
    await expect(prepareLogin({ user: 'ann', passwordFile: file }, context)).rejects.toThrow(message);
  });

  test('is Kerberos, which has to be installed', async () => {
    const message = `Negotiate needs the package kerberos: run "npm install kerberos" beside the configuration (Cannot find package 'kerberos').`;
    await expect(prepareLogin({ scheme: 'negotiate' }, context)).rejects.toMatchObject({
      message,
      setting: 'chainer.auth',
    });
  });

  test('is nothing for others', async () => {
    for (const auth of [undefined, 'pass', { user: 'a', password: 'b' }] as const) {
      expect(await prepareLogin(auth, context)).toEqual({});
    }
  });
});
