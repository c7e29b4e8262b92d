import { Session, sessionWriter } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { fakeSession } from '../../../../../test/chainers/fake-establisher.ts';
import { StickyCookie, type StickyOptions } from './sticky-cookie.ts';

const SECRET = 'correct horse battery';
const [a, b] = [{ id: '10.0.0.1:80' }, { id: '10.0.0.2:80' }];

function noKey(): Uint8Array {
  throw new Error('The key of the program is not needed.');
}

function cookieOf(options: Partial<StickyOptions> = {}, ownKey = noKey): StickyCookie<typeof a> {
  const cookie = new StickyCookie<typeof a>({ cookie: 'srv', secret: [SECRET], ...options }, ownKey);
  cookie.update([a, b]);
  return cookie;
}

function sessionWith(...cookies: readonly string[]): Session {
  const session = fakeSession();
  const view = { path: '/', query: undefined, field: () => cookies[0], fields: () => cookies };
  sessionWriter.setRequest(session, view);
  return session;
}

/** `srv=…` for a server. */
function pairFor(cookie: StickyCookie<typeof a>, server: typeof a): string {
  const [, value] = cookie.fieldFor(server, sessionWith());
  return value.split(';')[0] ?? '';
}

describe('a cookie', () => {
  test('names its server, and has the attributes that keep it from scripts and other sites', () => {
    const cookie = cookieOf();
    const [name, value] = cookie.fieldFor(a, sessionWith());
    expect(name).toBe('Set-Cookie');
    expect(value).toMatch(/^srv=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(cookie.serverOf(sessionWith(`x=1; ${pairFor(cookie, a)}`))).toBe(a);
    expect(cookie.serverOf(sessionWith('x=1', pairFor(cookie, b)))).toBe(b);
  });

  test('goes over TLS only to clients that speak TLS, or where the options say so', () => {
    const attributes = (options: Partial<StickyOptions>, session = sessionWith()): string => {
      return cookieOf(options)
        .fieldFor(a, session)[1]
        .replace(/^.*HttpOnly; /, '');
    };
    const { client, service } = sessionWith();
    const made = { version: 'TLSv1.3', cipher: '', serverName: 'a', alpn: undefined, resumed: false };
    const tls = { ...made, certificate: undefined, covers: () => true };
    const overTls = new Session({ ...client, tls }, service);
    expect(attributes({}, overTls)).toBe('SameSite=Lax; Secure');
    expect(attributes({ secure: false }, overTls)).toBe('SameSite=Lax');
    expect(attributes({ secure: true, sameSite: 'strict' })).toBe('SameSite=Strict; Secure');
    // Browsers take it only so.
    expect(attributes({ sameSite: 'none' })).toBe('SameSite=None; Secure');
  });

  test('is the same in another instance and after a restart, whatever else there is', () => {
    const other = new StickyCookie<typeof a>({ cookie: 'srv', secret: [SECRET] }, noKey);
    other.update([{ id: '10.0.0.9:80' }, a]);
    expect(other.serverOf(sessionWith(pairFor(cookieOf(), a)))).toBe(a);
  });

  test('says nothing where its server is gone, until it is back', () => {
    const cookie = cookieOf();
    const pair = pairFor(cookie, a);
    cookie.update([b]);
    expect(cookie.serverOf(sessionWith(pair))).toBeUndefined();
    cookie.update([b, a]);
    expect(cookie.serverOf(sessionWith(pair))).toBe(a);
  });

  test.each([
    ['another key', () => pairFor(cookieOf({ secret: ['correct horse batteries'] }), a)],
    ['another name', () => pairFor(cookieOf({ cookie: 'vrs' }), a).replace('vrs', 'srv')],
    ['a changed end', () => pairFor(cookieOf(), a).slice(0, -1)],
    ['a changed character', () => pairFor(cookieOf(), a).replace(/=./, ([, first]) => (first === 'A' ? '=B' : '=A'))],
    ['the address itself', () => `srv=${a.id}`],
    ['no value', () => 'srv='],
  ])('with %s is ignored', (_what, pair) => {
    expect(cookieOf().serverOf(sessionWith(pair()))).toBeUndefined();
  });

  test('is found among others of its name, which clients send for other paths and hosts', () => {
    const cookie = cookieOf();
    const pair = pairFor(cookie, b);
    for (const cookies of [[`srv=forged; ${pair}`], ['srv=; srv', pair], [`${pair}; srv=forged`]]) {
      expect(cookie.serverOf(sessionWith(...cookies))).toBe(b);
    }
  });

  test('says nothing without a request', () => {
    expect(cookieOf().serverOf(fakeSession())).toBeUndefined();
  });
});

test('secrets can be replaced one after the other', () => {
  const before = cookieOf({ secret: ['the secret of January'] });
  const after = cookieOf({ secret: ['the secret of February', 'the secret of January'] });
  expect(after.serverOf(sessionWith(pairFor(before, a)))).toBe(a);
  expect(pairFor(after, a)).not.toBe(pairFor(before, a));
  expect(after.serverOf(sessionWith(pairFor(after, a)))).toBe(a);
});

test('without a secret the key of the program signs, also when that is another one', () => {
  let key = new Uint8Array(32).fill(1);
  const cookie = cookieOf({ secret: undefined }, () => key);
  const first = pairFor(cookie, a);
  expect(cookie.serverOf(sessionWith(first))).toBe(a);
  key = new Uint8Array(32).fill(2);
  expect(cookie.serverOf(sessionWith(first))).toBeUndefined();
  expect(cookie.serverOf(sessionWith(pairFor(cookie, a)))).toBe(a);
});
