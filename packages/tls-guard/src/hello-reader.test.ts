import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { perForm, runs } from '../../../test/support/tiers/runs.ts';
import { clientHello } from '../../../test/support/client-hello.ts';
import { extension, helloFor, helloMessage, records, serverNames, vector } from '../test-support/hellos.ts';
import type { ClientHello } from './client-hello.ts';
import { HelloFault } from './hello-fault.ts';
import { LARGEST_HELLO } from './hello-pieces.ts';
import { HelloReader } from './hello-reader.ts';

type Outcome = ClientHello | string | undefined;

/** Feeds `bytes` in pieces that end at `cuts`, with other bytes around each; a fault is given as its text. */
function read(bytes: Buffer, cuts: readonly number[] = []): Outcome {
  const reader = new HelloReader();
  const ends = [...new Set([...cuts.filter((cut) => cut < bytes.length), bytes.length])].toSorted((a, b) => a - b);
  let at = 0;
  try {
    for (const end of ends) {
      const around = Buffer.concat([Buffer.alloc(3, 0x16), bytes.subarray(at, end), Buffer.alloc(3, 0x16)]);
      const hello = reader.read(around, 3, 3 + end - at);
      around.fill(0xaa);
      at = end;
      if (hello === undefined) continue;
      // `toEqual` would look at each of the bytes.
      expect(reader.takeReceived().equals(bytes.subarray(0, end))).toBe(true);
      return hello;
    }
  } catch (error) {
    if (error instanceof HelloFault) return error.message;
    throw error;
  }
  return undefined;
}

const withNames = (content: Uint8Array): Buffer => records(helloMessage({ extensions: [extension(0, content)] }));
const malformed = 'its ClientHello is malformed';

describe('a ClientHello', () => {
  test.each(['shop.example', 'a', 'x-1.y_2.example', 'SHOP.Example'])('that asks for %s is understood', (name) => {
    expect(read(records(helloFor(name)))).toMatchObject({ serverName: name });
  });

  test('says which protocols and signatures the client knows, and whether it holds an encrypted one', () => {
    const protocols = vector(2, vector(1, Buffer.from('h2')), vector(1, Buffer.from('http/1.1')));
    const schemes = vector(2, Buffer.from([0x04, 0x03, 0x08, 0x04]));
    const extensions = [extension(13, schemes), extension(16, protocols), extension(0xfe0d, Buffer.alloc(9))];
    expect(read(records(helloMessage({ extensions })))).toEqual({
      serverName: undefined,
      hasAddress: false,
      signatureSchemes: [0x0403, 0x0804],
      alpn: ['h2', 'http/1.1'],
      hasEncrypted: true,
    });
    expect(read(records(helloFor('a.example')))).toMatchObject({ alpn: undefined, hasEncrypted: false });
  });

  test.each([
    ['protocols without one', 16, vector(2)],
    ['a protocol without a name', 16, vector(2, vector(1))],
    ['protocols that end early', 16, vector(2, Buffer.from([5, 0x68]))],
    ['bytes behind the protocols', 16, Buffer.concat([vector(2, vector(1, Buffer.from('h2'))), Buffer.alloc(1)])],
    ['half of a signature scheme', 13, vector(2, Buffer.alloc(3))],
    ['no signature scheme', 13, vector(2)],
  ])('is malformed with %s', (_what, type, content) => {
    expect(read(records(helloMessage({ extensions: [extension(type, content)] })))).toBe(malformed);
  });

  test('of a real client is understood, with and without a name', async () => {
    expect(read(await clientHello('shop.example'))).toMatchObject({ serverName: 'shop.example' });
    expect(read(await clientHello())).toMatchObject({ serverName: undefined });
  });

  test('of a real client is understood wherever it is cut', async () => {
    const hello = await clientHello('shop.example');
    const every = Array.from({ length: hello.length }, (_, index) => index + 1);
    expect(read(hello, every)).toMatchObject({ serverName: 'shop.example' });
    for (let cut = 1; cut <= hello.length; cut += perForm(1, 7))
      expect(read(hello, [cut])).toMatchObject({ serverName: 'shop.example' });
  });

  test('may have no extensions: then it has no name', () => {
    expect(read(records(helloMessage({})))).toMatchObject({ serverName: undefined });
  });

  test('is the same however it is cut into records and pieces', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40 });
    const cuts = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 40 });
    const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 2, maxLength: 5 }), lengths, cuts, (labels, fragments, ends) => {
        const name = `${labels.join('.')}.example`;
        expect(read(records(helloFor(name), fragments), ends)).toMatchObject({ serverName: name });
      }),
    );
  });

  test('may be followed by other records in the same piece: they are kept, and not looked at', () => {
    const bytes = Buffer.concat([records(helloFor('a.example')), Buffer.from('whatever comes')]);
    const reader = new HelloReader();
    expect(reader.read(bytes, 0, bytes.length)).toMatchObject({ serverName: 'a.example' });
    expect(reader.takeReceived()).toEqual(bytes);
    // A tunnel that is open for hours holds nothing of how it began.
    expect(reader.takeReceived()).toHaveLength(0);
  });

  test('that is not whole yet is waited for', () => {
    const bytes = records(helloFor('a.example'), [5, 5]);
    for (let end = 1; end < bytes.length; end += 1) expect(read(bytes.subarray(0, end))).toBeUndefined();
  });
});

describe('what cannot become a ClientHello', () => {
  const hello = helloFor('a.example');

  test.each<[string, Buffer, string]>([
    ['HTTP', Buffer.from('G'), 'it does not begin with TLS'],
    ['SSH', Buffer.from('SSH-2.0-'), 'it does not begin with TLS'],
    ['an SSLv2 hello', Buffer.from([0x80, 0x2e, 1]), 'it begins with an SSLv2 hello'],
    ['what only looks like one', Buffer.from([0x80, 0x2e, 2]), 'it does not begin with TLS'],
    ['another version of TLS', Buffer.from([22, 2]), 'it does not begin with TLS'],
    ['an alert', Buffer.from([21]), 'it does not begin with TLS'],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0]), 'it has a TLS record of a wrong length'],
    ['a record that is too long', Buffer.from([22, 3, 1, 0x40, 1]), 'it has a TLS record of a wrong length'],
    ['a ServerHello', Buffer.from([22, 3, 1, 0, 4, 2]), 'its first TLS message is not a ClientHello'],
    [
      'a record of another kind within the message',
      Buffer.concat([records(hello.subarray(0, 20)), Buffer.from([23])]),
      'its ClientHello is interrupted by another TLS record',
    ],
    [
      'a second message in its record',
      records(Buffer.concat([hello, helloFor('evil.example')])),
      'something follows the ClientHello in its TLS record',
    ],
    [
      'one more byte in its record, even before it has come',
      Buffer.concat([Buffer.from([22, 3, 1]), vector(2, hello, Buffer.alloc(1)).subarray(0, -1)]),
      'something follows the ClientHello in its TLS record',
    ],
    [
      'a message that says it is larger than is allowed',
      Buffer.from([22, 3, 1, 0x10, 0, 1, 0, 0x40, 0]),
      'its ClientHello is larger than 16384 bytes',
    ],
  ])('is refused at once: %s', (_what, bytes, reason) => {
    expect(read(bytes)).toBe(reason);
    expect(read(bytes, [1, 2, 3, 4, 5])).toBe(reason);
  });

  test('is refused at once when records make it larger than is allowed', () => {
    const large = helloMessage({ extensions: [extension(21, Buffer.alloc(12_000))] });
    const single = Array.from({ length: large.length }, () => 1);
    expect(read(records(large))).toMatchObject({ serverName: undefined });
    for (const cuts of [[], [LARGEST_HELLO, LARGEST_HELLO + 1]]) {
      expect(read(records(large, single), cuts)).toBe('its ClientHello is larger than 16384 bytes');
    }
  });
});

describe('a malformed ClientHello', () => {
  test.each<[string, Buffer]>([
    ['an old version', records(helloMessage({ major: 2 }))],
    ['a session that is too long', records(helloMessage({ session: Buffer.alloc(33) }))],
    ['no cipher suites', records(helloMessage({ suites: Buffer.alloc(0) }))],
    ['half a cipher suite', records(helloMessage({ suites: Buffer.alloc(3) }))],
    ['no compression', records(helloMessage({ compression: Buffer.alloc(0) }))],
    ['an extension that is cut', records(helloMessage({ extensions: [Buffer.from([0, 5, 0, 9, 1])] }))],
    ['an extension twice', records(helloMessage({ extensions: [extension(5, vector(1)), extension(5, vector(1))] }))],
    ['an empty server_name', withNames(Buffer.alloc(0))],
    ['an empty list of names', withNames(vector(2))],
    ['something behind the list of names', withNames(Buffer.concat([serverNames('a.example'), Buffer.alloc(1)]))],
    ['a name that is cut', withNames(vector(2, Buffer.from([0, 0, 9, 97])))],
    ['a name of another kind', withNames(vector(2, Buffer.from([1]), vector(2, Buffer.from('a.example'))))],
  ])('is refused: %s', (_what, bytes) => {
    expect(read(bytes)).toBe(malformed);
  });

  test('is refused wherever it ends before its end', () => {
    const body = helloFor('a.example').subarray(4);
    for (let length = 0; length < body.length; length += 1) {
      const cut = records(Buffer.concat([Buffer.from([1]), vector(3, body.subarray(0, length))]));
      const outcome = read(cut);
      // Exactly where the extensions would begin, it is one without any.
      if (typeof outcome !== 'object') expect(outcome).toBe(malformed);
      else expect(outcome).toMatchObject({ serverName: undefined });
    }
  });

  test('is refused with a byte more than its lengths say', () => {
    const body = Buffer.concat([helloFor('a.example').subarray(4), Buffer.alloc(1)]);
    expect(read(records(Buffer.concat([Buffer.from([1]), vector(3, body)])))).toBe(malformed);
  });
});

describe('a server name', () => {
  test.each([
    ['', 'its TLS server name is not a host name'],
    ['a.example.', 'its TLS server name is not a host name'],
    ['.example', 'its TLS server name is not a host name'],
    ['a..example', 'its TLS server name is not a host name'],
    ['a b', 'its TLS server name is not a host name'],
    ['a.example\0.evil.example', 'its TLS server name is not a host name'],
    ['caf\u00e9.example', 'its TLS server name is not a host name'],
    [`${'a'.repeat(250)}.example`, 'its TLS server name is not a host name'],
  ])('%j is refused', (name, reason) => {
    expect(read(records(helloFor(name)))).toBe(reason);
  });

  test.each(['192.0.2.1', '2001:db8::1'])('is no name if it is an address: %s', (address) => {
    expect(read(records(helloFor(address)))).toMatchObject({ serverName: undefined, hasAddress: true });
  });

  test('is refused when there are several', () => {
    expect(read(withNames(serverNames('a.example', 'b.example')))).toBe('its ClientHello names several servers');
  });
});

describe('whatever comes', () => {
  test('is understood, refused or waited for, the same in one piece and byte by byte', () => {
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from([22, 3, 1]), vector(2, bytes)])),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => records(Buffer.concat([Buffer.from([1]), vector(3, bytes)]))),
    );
    fc.assert(
      fc.property(soup, (bytes) => {
        const buffer = Buffer.from(bytes);
        const every = Array.from(buffer, (_, index) => index + 1);
        const outcome = read(buffer);
        expect(read(buffer, every)).toEqual(outcome);
      }),
      { numRuns: runs(500) },
    );
  });

  test('one changed byte of a ClientHello never makes it throw anything else, and is the same byte by byte', () => {
    const bytes = records(helloFor('a.example'));
    const every = Array.from(bytes, (_, index) => index + 1);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        const outcome = read(changed);
        expect(outcome === undefined || typeof outcome === 'string' || 'serverName' in outcome).toBe(true);
        expect(read(changed, every)).toEqual(outcome);
      }),
    );
  });
});
