import { describe, expect, test } from 'vitest';
import type { Handshake } from './handshake.ts';
import { Socks4aHandshake } from './socks4a.ts';
import { Socks5Handshake } from './socks5.ts';
import { outcomesOfSplits, played } from '../../../test-support/handshakes.ts';

const target = { host: 'shop.example', port: 443 };
const name = Buffer.from('shop.example');
const asksForName = Buffer.concat([Buffer.from([5, 1, 0, 3, 12]), name, Buffer.from([1, 187])]);
const granted = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const login = { user: 'ann', password: 'pässword' };

function socks5(to = target, as?: typeof login): () => Handshake {
  return () => new Socks5Handshake(to, as);
}

function socks4a(to = target, user = 'ann'): () => Handshake {
  return () => new Socks4aHandshake(to, user);
}

describe('SOCKS5', () => {
  test('asks by name, without a login where there is none', () => {
    const { sent } = played(socks5(), [Buffer.from([5, 0]), granted]);
    expect(sent).toEqual([Buffer.from([5, 1, 0]), asksForName]);
  });

  test('logs in if the parent wants that', () => {
    const { sent } = played(socks5(target, login), [Buffer.from([5, 2]), Buffer.from([1, 0]), granted]);
    const password = Buffer.from('pässword');
    const said = Buffer.concat([Buffer.from([1, 3]), Buffer.from('ann'), Buffer.from([password.length]), password]);
    expect(sent).toEqual([Buffer.from([5, 2, 0, 2]), said, asksForName]);
  });

  test.each([
    ['192.0.2.1', [1, 192, 0, 2, 1]],
    ['2001:db8::1', [4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ])('asks for the address %s as such', (host, bytes) => {
    const { sent } = played(socks5({ host, port: 80 }), [Buffer.from([5, 0]), granted]);
    expect(sent[1]).toEqual(Buffer.from([5, 1, 0, ...bytes, 0, 80]));
  });

  test.each([
    ['an IPv4 address', granted],
    ['an IPv6 address', Buffer.from([5, 0, 0, 4, ...Array<number>(18).fill(0)])],
    ['a name', Buffer.from([5, 0, 0, 3, 2, 0x61, 0x62, 0, 80])],
  ])('a reply with %s opens the tunnel at any split, and what follows belongs to the tunnel', (_kind, reply) => {
    const all = Buffer.concat([Buffer.from([5, 2, 1, 0]), reply, Buffer.from('hello')]);
    for (const outcome of outcomesOfSplits(socks5(target, login), all)) {
      expect(outcome).toEqual({ isDone: true, rest: 'hello', sent: 3 });
    }
  });

  test.each([
    [1, 'destination_unavailable'],
    [2, 'http_request_denied'],
    [3, 'destination_ip_unroutable'],
    [4, 'destination_ip_unroutable'],
    [5, 'connection_refused'],
    [6, 'connection_timeout'],
    [7, 'proxy_configuration_error'],
    [8, 'destination_ip_unroutable'],
    [9, 'destination_unavailable'],
  ])('reply %i is %s, whether or not an address follows', (reply, code) => {
    for (const bytes of [Buffer.from([5, reply]), Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0])]) {
      const all = Buffer.concat([Buffer.from([5, 0]), bytes]);
      for (const outcome of outcomesOfSplits(socks5(), all)) expect(outcome).toMatchObject({ error: { code } });
    }
  });

  test.each([
    ['no way to log in', [5, 0xff], undefined, 'none is configured'],
    ['none that we know', [5, 0xff], login, 'neither'],
    ['a refused password', [5, 2, 1, 1], login, 'refused the user or the password'],
    ['a way that was not offered', [5, 2], undefined, 'not offered'],
    ['another version', [4, 0], undefined, 'does not speak SOCKS5'],
    ['HTTP', [...Buffer.from('HTTP/1.1 400')], undefined, 'does not speak SOCKS5'],
    ['another version of the reply', [5, 0, 4, 0], undefined, 'does not speak SOCKS5'],
    ['a kind of address that there is not', [5, 0, 5, 0, 0, 9, 9], undefined, 'does not speak SOCKS5'],
  ])('%s is a matter of the configuration', (_what, bytes, as, message) => {
    for (const outcome of outcomesOfSplits(socks5(target, as), Buffer.from(bytes))) {
      const error = { code: 'proxy_configuration_error', status: 502, message: expect.stringContaining(message) };
      expect(outcome).toMatchObject({ error });
    }
  });

  test('a name that is too long is not sent', () => {
    const { error } = played(socks5({ host: 'a'.repeat(256), port: 80 }), [Buffer.from([5, 0])]);
    expect(error?.code).toBe('http_request_error');
  });
});

describe('SOCKS4A', () => {
  const reply = Buffer.from([0, 90, 1, 187, 0, 0, 0, 0]);

  test('asks by name', () => {
    const { sent } = played(socks4a(), [reply]);
    const request = Buffer.concat([Buffer.from([4, 1, 1, 187, 0, 0, 0, 1]), Buffer.from('ann\0shop.example\0')]);
    expect(sent).toEqual([request]);
  });

  test('asks for an IPv4 address as such', () => {
    const { sent } = played(socks4a({ host: '192.0.2.1', port: 80 }, ''), [reply]);
    expect(sent).toEqual([Buffer.from([4, 1, 0, 80, 192, 0, 2, 1, 0])]);
  });

  test('says an address by which the protocol marks names as a name', () => {
    const { sent } = played(socks4a({ host: '0.0.0.7', port: 80 }, ''), [reply]);
    expect(sent[0]?.toString('latin1')).toContain('0.0.0.7\0');
  });

  test('the reply opens the tunnel at any split, and what follows belongs to the tunnel', () => {
    for (const outcome of outcomesOfSplits(socks4a(), Buffer.concat([reply, Buffer.from('hello')]))) {
      expect(outcome).toEqual({ isDone: true, rest: 'hello', sent: 1 });
    }
  });

  test.each([
    [91, 'destination_unavailable'],
    [92, 'proxy_configuration_error'],
    [93, 'proxy_configuration_error'],
    [94, 'proxy_configuration_error'],
  ])('reply %i is %s', (code, expected) => {
    const outcomes = outcomesOfSplits(socks4a(), Buffer.from([0, code, 0, 0, 0, 0, 0, 0]));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ error: { code: expected } });
  });

  test('an IPv6 address cannot be asked for', () => {
    const { error } = played(socks4a({ host: '2001:db8::1', port: 80 }), []);
    expect(error?.code).toBe('destination_ip_unroutable');
  });
});
