import { hash } from 'node:crypto';
import type { RequestForm } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../../test/chainers/fake-establisher.ts';
import { parseChallenges } from './challenges.ts';
import { DigestLogin } from './digest-login.ts';
import { digestAmong, digestResponse } from './digest-response.ts';
import { FixedLogin } from './fixed-login.ts';
import { type Kerberos, kerberosOf, type KerberosOptions, NegotiateLogin } from './negotiate-login.ts';
import { UserLogin } from './user-login.ts';

function newSession(): object {
  return {};
}

function asked(value: string): ReturnType<typeof parseChallenges> {
  return parseChallenges([value]);
}

describe('challenges', () => {
  test.each([
    ['Basic realm="a, \\"b\\""', [['basic', { realm: 'a, "b"' }]]],
    ['Basic', [['basic', {}]]],
    [
      'Negotiate, NTLM , Basic realm=x',
      [
        ['negotiate', {}],
        ['ntlm', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate YIIabc==, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Digest REALM="a",nonce=b , qop="auth,auth-int", Basic realm="c"',
      [
        ['digest', { realm: 'a', nonce: 'b', qop: 'auth,auth-int' }],
        ['basic', { realm: 'c' }],
      ],
    ],
    [', ,Basic realm="x"', [['basic', { realm: 'x' }]]],
    ['Basic realm="x" =', [['basic', { realm: 'x' }]]],
    ['"what"', []],
    ['', []],
  ])('are read from the value %s', (value, expected) => {
    expect(asked(value).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])).toEqual(expected);
  });
});

describe('the response of Digest', () => {
  const request = {
    user: 'Mufasa',
    password: 'Circle of Life',
    method: 'GET',
    uri: '/dir/index.html',
    count: 1,
  };
  const common =
    'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

  // RFC 7616 section 3.9.1.
  test.each([
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ])('is that of the RFC with %s', (algorithm, response) => {
    const challenge = digestAmong(asked(`Digest ${common}, algorithm=${algorithm}`));
    if (challenge === undefined) expect.fail('The challenge was not understood.');
    expect(digestResponse(challenge, request, cnonce)).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=${algorithm}, ` +
        `nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="${cnonce}", qop=auth, ` +
        `response="${response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
    );
  });

  test('is that of RFC 2617, whose challenge names no algorithm', () => {
    const value = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
    const challenge = digestAmong(asked(value));
    if (challenge === undefined) expect.fail('The challenge was not understood.');
    const said = digestResponse(challenge, { ...request, password: 'Circle Of Life' }, '0a4f113b');
    expect(said).toContain('response="6629fae49393a05397450978507c4ef1"');
    expect(said).not.toContain('algorithm');
  });

  test('of a server of RFC 2069 has no count', () => {
    const challenge = digestAmong(asked('Digest realm="a", nonce="b"'));
    if (challenge === undefined) expect.fail('The challenge was not understood.');
    expect(digestResponse(challenge, request)).not.toMatch(/nc=|cnonce=|qop=/);
  });

  test('with a key for each session depends on the nonce of the client', () => {
    const challenge = digestAmong(asked(`Digest ${common}, algorithm=MD5-sess`));
    if (challenge === undefined) expect.fail('The challenge was not understood.');
    const responses = ['a', 'b'].map((own) => /response="(\w+)"/.exec(digestResponse(challenge, request, own))?.[1]);
    expect(new Set(responses).size).toBe(2);
    expect(digestResponse(challenge, request, cnonce)).toContain('algorithm=MD5-sess');
  });

  test('quotes what is in quotes, in UTF-8', () => {
    const challenge = digestAmong(asked('Digest realm="a\\"b", nonce="c"'));
    if (challenge === undefined) expect.fail('The challenge was not understood.');
    const said = digestResponse(challenge, { ...request, user: 'ä"\\' });
    expect(said).toContain('username="Ã¤\\"\\\\", realm="a\\"b"');
  });
});

describe('the realm of Digest', () => {
  test('is sent and hashed as it came, in whatever encoding', () => {
    const realm = Buffer.from('Zugänge', 'utf8').toString('latin1');
    const challenge = digestAmong(asked(`Digest realm="${realm}", nonce="c"`));
    if (challenge === undefined) expect.fail('The challenge was not understood.');
    const said = digestResponse(challenge, { user: 'ann', password: 'pä', method: 'GET', uri: '/', count: 1 });
    expect(said).toContain(`realm="${realm}"`);
    const md5 = (text: string): string => hash('md5', text);
    expect(said).toContain(`response="${md5(`${md5('ann:Zugänge:pä')}:c:${md5('GET:/')}`)}"`);
  });
});

describe('the challenge that is answered', () => {
  test('is the one with the better hash', () => {
    const value = 'Digest realm="a", nonce="1", algorithm=MD5, Digest realm="a", nonce="2", algorithm=SHA-256';
    expect(digestAmong(asked(value))?.nonce).toBe('2');
  });

  test.each([
    'Digest realm="a"',
    'Digest nonce="b", qop="auth-int"',
    'Digest nonce="b", algorithm=SHA-512-256',
    'Basic',
  ])('is not %s', (value) => expect(digestAmong(asked(value))).toBeUndefined());
});

const NONCE_1 = ['Digest realm="a", nonce="one", qop="auth"'];
const NONCE_2 = ['Digest realm="a", nonce="two", qop="auth", stale=TRUE'];

function nonceOf(login: RequestForm, session: object): string | undefined {
  const said = login.credentials(session, 'GET', 'http://a.example/');
  return said && [/ nonce="(\w+)"/, /nc=(\w+)/].map((part) => part.exec(said)?.[1]).join(' ');
}

describe('Digest at a parent', () => {
  test('says nothing before it is asked, and then signs every request', () => {
    const login = new DigestLogin('ann', 'secret');
    const session = newSession();
    expect(nonceOf(login, session)).toBeUndefined();
    expect(login.challenged(session, NONCE_1)).toBeUndefined();
    expect(nonceOf(login, session)).toBe('one 00000001');
    expect(nonceOf(login, newSession())).toBe('one 00000002');
  });

  test('takes another nonce when the one before is stale', () => {
    const login = new DigestLogin('ann', 'secret');
    login.challenged(newSession(), NONCE_1);
    const session = newSession();
    expect(nonceOf(login, session)).toBe('one 00000001');
    expect(login.challenged(session, NONCE_2)).toBeUndefined();
    expect(nonceOf(login, session)).toBe('two 00000001');
  });

  test('a challenge that comes late replaces no newer nonce', () => {
    const login = new DigestLogin('ann', 'secret');
    const [one, other] = [newSession(), newSession()];
    login.challenged(newSession(), NONCE_1);
    nonceOf(login, one);
    nonceOf(login, other);
    login.challenged(one, NONCE_2);
    expect(login.challenged(other, ['Digest realm="a", nonce="late", stale=true'])).toBeUndefined();
    expect(nonceOf(login, other)).toMatch(/^two /);
  });

  test('a password that is wrong is not said again', () => {
    const login = new DigestLogin('ann', 'secret');
    const session = newSession();
    login.challenged(session, NONCE_1);
    nonceOf(login, session);
    expect(login.challenged(session, NONCE_1)).toMatchObject({
      code: 'proxy_configuration_error',
      receivedStatus: 407,
    });
  });

  test('a parent whose nonces are always stale is given up', () => {
    const login = new DigestLogin('ann', 'secret');
    const session = newSession();
    const outcomes = Array.from({ length: 4 }, () => {
      nonceOf(login, session);
      return login.challenged(session, NONCE_2)?.code;
    });
    expect(outcomes).toEqual([undefined, undefined, 'proxy_configuration_error', 'proxy_configuration_error']);
  });
});

describe('a user', () => {
  test('logs in by Basic at once, in UTF-8', () => {
    const login = new UserLogin('ann', 'sécret');
    const value = `Basic ${Buffer.from('ann:sécret').toString('base64')}`;
    expect(login.credentials(newSession(), 'GET', '')).toBe(value);
    expect(login.challenged(newSession(), ['Basic realm="a"', ...NONCE_1])?.message).toContain(
      'refused the user or the password',
    );
  });

  test('logs in by Digest where the parent does not take Basic', () => {
    const login = new UserLogin('ann', 'secret');
    const session = newSession();
    login.credentials(session, 'GET', '');
    expect(login.challenged(session, NONCE_1)).toBeUndefined();
    expect(login.signsUrl).toBe(true);
    expect(nonceOf(login, session)).toBe('one 00000001');
  });

  test('learns which schemes a parent takes', () => {
    const refusal = new UserLogin('ann', 'secret').challenged(newSession(), ['Negotiate', 'NTLM']);
    expect(refusal?.message).toContain('It takes negotiate, ntlm.');
  });

  test('keeps the own words of a parent from messages', () => {
    const said = ['Basic realm="internal", Visit-evil.example, NTLM, ntlm'];
    const { message } = FixedLogin.bearer('token').challenged(newSession(), said);
    expect(message).toBe('The parent proxy refused the login. It takes basic, ntlm.');
  });
});

describe('Negotiate', () => {
  function kerberos(seen: [string, KerberosOptions][] = []): Kerberos {
    let tokens = 0;
    return {
      GSS_MECH_OID_SPNEGO: 6,
      initializeClient(service, options) {
        seen.push([service, options]);
        return Promise.resolve({ step: (challenge) => Promise.resolve(`token${++tokens}${challenge}`) });
      },
    };
  }

  test('says a token for each request, made for the name of the parent, and once', async () => {
    const seen: [string, KerberosOptions][] = [];
    const login = new NegotiateLogin(kerberos(seen), 'proxy.corp.example', 'ann@CORP.EXAMPLE', silentLogger);
    const [one, other] = [newSession(), newSession()];
    await login.prepare(one);
    await login.prepare(other);
    expect([login.credentials(other), login.credentials(one), login.credentials(one)]).toEqual([
      'Negotiate token2',
      'Negotiate token1',
      undefined,
    ]);
    expect(seen[0]).toEqual(['HTTP@proxy.corp.example', { mechOID: 6, principal: 'ann@CORP.EXAMPLE' }]);
  });

  test('tells the client only that there is no ticket, and the log why', async () => {
    const reason = 'Client not found:\nann@CORP.EXAMPLE';
    const failing = { ...kerberos(), initializeClient: () => Promise.reject(new Error(reason)) };
    const lines: unknown[] = [];
    const logger = { warn: (fields: object, message: string) => void lines.push([fields, message]) };
    const login = new NegotiateLogin(failing, 'proxy.corp.example', 'ann@CORP.EXAMPLE', logger);
    await expect(login.prepare(newSession())).rejects.toMatchObject({
      code: 'proxy_configuration_error',
      message: 'The proxy has no Kerberos ticket for the parent proxy. Its log says why.',
    });
    await expect(login.prepare(newSession())).rejects.toThrow();
    expect(lines).toEqual([
      [
        { setting: 'chainer.auth', service: 'HTTP@proxy.corp.example', why: 'Client not found: ann@CORP.EXAMPLE' },
        'Kerberos gives no ticket for a parent proxy',
      ],
    ]);
  });

  test('takes the package as a module of either kind, and nothing else', () => {
    const found = kerberos();
    expect(kerberosOf(found)).toBe(found);
    expect(kerberosOf({ default: found })).toBe(found);
    expect(() => kerberosOf({})).toThrow('initializeClient');
  });
});

test('the id of a login tells it from others and says nothing of it', () => {
  const ids = [
    new UserLogin('ann', 'secret').id,
    new UserLogin('ann', 'other').id,
    new DigestLogin('ann', 'secret').id,
    FixedLogin.bearer('secret').id,
  ];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).not.toMatch(/ann|secret/);
});
