import { describe, expect, test } from 'vitest';
import { directedOptions, DirectedChainer } from '../directed.ts';
import { failoverOptions, failoverPlugin } from '../failover.ts';
import { inbandPlugin } from '../inband-plugin.ts';
import { tlsOption } from './server-tls.ts';

const pin = `sha256/${'A'.repeat(43)}=`;

interface Issue {
  readonly message: string;
  /** Of the alternatives of a union. */
  readonly errors?: readonly (readonly Issue[])[];
}

function messagesOf({ error }: { readonly error?: { readonly issues: readonly object[] } | undefined }): string[] {
  const all = ({ message, errors = [] }: Issue): string[] => [message, ...errors.flat().flatMap(all)];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as zod has them
  return ((error?.issues ?? []) as readonly Issue[]).flatMap(all);
}

describe('the option tls', () => {
  test.each([
    [{ servername: 'Web.Example.' }, { servername: 'web.example' }],
    [{ servername: '[2001:DB8::1]' }, { servername: '2001:db8::1' }],
    [{ ca: 'a.pem' }, { ca: ['a.pem'] }],
    [{ cert: 'a.pem' }, { cert: 'a.pem' }],
    [
      { pin: [pin], minVersion: '1.3' },
      { pin: [pin], minVersion: '1.3' },
    ],
  ])('takes what is written as %j', (written, expected) => expect(tlsOption.parse(written)).toMatchObject(expected));

  test.each([
    [{ servername: 'web example' }, 'not a host name'],
    [{ servername: '10.0.0.300' }, 'not an IPv4 address'],
    [{ key: 'a.key' }, 'a key needs its certificate'],
    [{ pin: ['sha256/short'] }, 'the SHA-256 of a public key in base64'],
    [{ pin: [] }, 'Too small'],
    [{ minVersion: '1.1' }, 'expected "1.2" or "1.3"'],
    [{ minVersion: 1.2 }, 'in quotes'],
    [{ rejectUnauthorized: false }, 'rejectUnauthorized'],
  ])('refuses what is written as %j', (written, message) => {
    expect(messagesOf(tlsOption.safeParse(written)).join()).toContain(message);
  });
});

describe('whether servers are spoken to over TLS', () => {
  const tlsOf = (options: object) => failoverPlugin.serverTls?.(failoverOptions.parse(options));

  test('is said by https://', () => {
    expect(tlsOf({ hosts: ['https://a.example', 'https://b.example'] })).toMatchObject({ verify: true, pin: [] });
    expect(tlsOf({ hosts: ['a.example:80', 'http://b.example'] })).toBeUndefined();
  });

  test('is said by tls, for all of them', () => {
    expect(tlsOf({ hosts: ['a.example:443', 'https://b.example'], tls: true })).toMatchObject({ minVersion: '1.2' });
    expect(tlsOf({ hosts: ['a.example:443'], tls: { cert: 'a.pem' } })).toMatchObject({ cert: 'a.pem', key: 'a.pem' });
    expect(tlsOf({ hosts: ['a.example:443'], tls: false })).toBeUndefined();
    const inband = { forgeAddr: false, connectTimeout: 1 };
    expect(inbandPlugin.serverTls?.({ ...inband, tls: true })).toMatchObject({ servername: undefined });
    expect(inbandPlugin.serverTls?.(inband)).toBeUndefined();
  });

  test.each([
    [{ hosts: ['https://a.example', 'b.example:80'] }, 'cannot be mixed'],
    [{ hosts: ['https://a.example', 'http://b.example'] }, 'cannot be mixed'],
    [{ hosts: ['https://a.example'], tls: false }, 'a server has https://, and tls is off'],
    [{ hosts: ['http://a.example'], tls: true }, 'a server has http://, and tls is on'],
    [{ hosts: ['unix:/run/a.sock'], tls: true }, 'set tls.servername'],
  ])('is not guessed from %j', (options, message) => {
    expect(messagesOf(failoverOptions.safeParse(options))).toEqual([expect.stringContaining(message)]);
  });

  test('is not forgotten by who makes chainers in code', () => {
    const { remote } = directedOptions.parse({ remote: 'https://a.example' });
    const deps = { establishConnection: () => expect.fail(), resolver: { resolve: () => expect.fail() } };
    expect(() => new DirectedChainer({ remote }, deps)).toThrow('TLS to servers needs "serverTls"');
  });
});
