import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { inetAddr, type InetAddr } from '../base/address.ts';
import { formatIp } from '../base/ip.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { headerForClient, headerKey } from './client-header.ts';
import { crc32c } from './crc32c.ts';
import { type ProxyHeader, ProxyHeaderFault, type ProxyVersion } from './header.ts';
import { ProxyHeaderReader, V2_SIGNATURE } from './header-reader.ts';
import { writeHeader } from './write-header.ts';

const address = (text: string, port: number): InetAddr => inetAddr(text, port)!;

const client4 = address('192.0.2.7', 40_123);
const local4 = address('198.51.100.1', 443);
const client6 = address('2001:db8::7', 40_123);
const local6 = address('2001:db8::1', 443);

/** Reads `bytes`, cut at `cuts`. */
function read(bytes: Buffer, cuts: readonly number[] = []) {
  const reader = new ProxyHeaderReader();
  const bounds = [0, ...[...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b), bytes.length];
  for (const [index, start] of bounds.slice(0, -1).entries()) {
    const end = bounds[index + 1]!;
    if (start === end) continue;
    // What stands around the bytes of a call is of others.
    const around = Buffer.concat([Buffer.from('xx'), bytes.subarray(start, end), Buffer.from('xx')]);
    const done = reader.read(around, 2, 2 + end - start);
    if (done.kind !== 'more') return { ...done, follows: bytes.subarray(start + done.rest - 2).toString('latin1') };
  }
  return { kind: 'more' as const, follows: '' };
}

const text = (line: string): Buffer => Buffer.from(line, 'latin1');

interface V2 {
  readonly command?: number;
  readonly family?: number;
  readonly addresses?: Buffer;
  readonly tlvs?: readonly Buffer[];
  readonly length?: number;
}

const IPV4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0xbb, 1, 187]);

function v2({ command = 0x21, family = 0x11, addresses = IPV4, tlvs = [], length }: V2 = {}): Buffer {
  const block = Buffer.concat([addresses, ...tlvs]);
  const size = length ?? block.length;
  return Buffer.concat([V2_SIGNATURE, Buffer.from([command, family, size >> 8, size & 0xff]), block]);
}

function tlv(type: number, value: Buffer, length = value.length): Buffer {
  return Buffer.concat([Buffer.from([type, length >> 8, length & 0xff]), value]);
}

const fc4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const fc6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const anyAddress = fc
  .tuple(fc.oneof(fc4, fc6), fc.integer({ min: 0, max: 65_535 }))
  .map(([bytes, port]) => address(formatIp(bytes), port));
const anyVersion = fc.constantFrom<ProxyVersion>('v1', 'v2');
const anyHeader: fc.Arbitrary<ProxyHeader> = fc.oneof(
  fc.record({ kind: fc.constant('proxied' as const), source: anyAddress, destination: anyAddress }),
  fc.constant<ProxyHeader>({ kind: 'local' }),
  fc.constant<ProxyHeader>({ kind: 'unknown' }),
);

test('what was written is read, at any split, and what follows stays', () => {
  fc.assert(
    fc.property(anyVersion, anyHeader, fc.string(), fc.array(fc.nat()), (version, header, follows, cuts) => {
      const rest = text(Buffer.from(follows).toString('latin1'));
      const got = read(Buffer.concat([writeHeader(version, header), rest]), cuts);
      const expected = version === 'v1' && header.kind === 'local' ? { kind: 'unknown' } : header;
      expect(got).toMatchObject({ kind: 'complete', header: expected });
      // Bytes that are still to come cannot be given back.
      expect(rest.toString('latin1').endsWith(got.follows) || got.follows.endsWith(rest.toString('latin1'))).toBe(true);
    }),
  );
});

test('any bytes are read alike at any split', () => {
  const begun = fc.constantFrom(text('PROXY '), text('PROXY TCP4 '), V2_SIGNATURE, v2().subarray(0, 16), text(''));
  const any = fc.tuple(begun, fc.uint8Array({ minLength: 1, maxLength: 300 })).map((parts) => Buffer.concat(parts));
  const outcome = (bytes: Buffer, cuts: readonly number[]): unknown => {
    try {
      const { kind, ...more } = read(bytes, cuts);
      return { kind, header: 'header' in more ? more.header : undefined };
    } catch (error) {
      if (error instanceof ProxyHeaderFault) return error.message;
      throw error;
    }
  };
  fc.assert(
    fc.property(any, fc.array(fc.nat()), (bytes, cuts) => {
      expect(outcome(bytes, cuts)).toEqual(outcome(bytes, []));
    }),
  );
});

test.each([
  ['PROXY TCP4 192.0.2.7 198.51.100.1 40123 443\r\n', { kind: 'proxied', source: client4, destination: local4 }],
  ['PROXY TCP6 2001:db8::7 2001:db8::1 40123 443\r\n', { kind: 'proxied', source: client6, destination: local6 }],
  ['PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 40123 443\r\n', { kind: 'proxied', source: client4, destination: local6 }],
  ['PROXY UNKNOWN\r\n', { kind: 'unknown' }],
  ['PROXY UNKNOWN ffff:f...f:ffff what ever it is\r\n', { kind: 'unknown' }],
])('a header of version 1 is read: %j', (line, header) => {
  expect(read(text(`${line}GET `))).toMatchObject({ kind: 'complete', header, follows: 'GET ' });
});

test.each([
  ['PROXY TCP4 192.0.2.7 198.51.100.1 40123 443\n', 'CRLF'],
  ['PROXY UDP4 192.0.2.7 198.51.100.1 40123 443\r\n', 'none of TCP4'],
  ['PROXY TCP4 2001:db8::7 198.51.100.1 40123 443\r\n', 'none of TCP4'],
  ['PROXY TCP6 192.0.2.7 198.51.100.1 40123 443\r\n', 'none of TCP6'],
  ['PROXY TCP4 192.0.2.07 198.51.100.1 40123 443\r\n', 'none of TCP4'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 040123 443\r\n', 'port'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 40123 65536\r\n', 'port'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 40123\r\n', 'port'],
  ['PROXY TCP4  192.0.2.7 198.51.100.1 40123 443\r\n', 'port'],
  ['PROXY TCP4 192.0.2.7 198.51.100.1 40123 443 \r\n', 'more than'],
  ['PROXY \r\n', 'none of TCP4'],
  [`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'longer than 107'],
  [`PROXY UNKNOWN ${'x'.repeat(200)}`, 'longer than 107'],
])('version 1 is refused: %j', (line, why) => {
  expect(() => read(text(line))).toThrow(why);
});

test.each(['GET / HTTP/1.1\r\n', 'PROPFIND / HTTP/1.1\r\n', '\r\n\r\nGET /', 'PROXZ', '\x16\x03\x01', 'PROXYTCP4'])(
  'another protocol begins with %j',
  (begin) => {
    expect(read(text(begin))).toMatchObject({ kind: 'absent', rest: 2 });
    expect(read(text(begin), [1, 2, 3])).toMatchObject({ kind: 'absent' });
  },
);

const checksum = (header: (sum: Buffer) => Buffer): Buffer => {
  const sum = Buffer.alloc(4);
  const bytes = header(sum);
  sum.writeUInt32BE(crc32c(bytes, 0, bytes.length));
  return header(sum);
};

test.each<[string, Buffer, ProxyHeader]>([
  ['TCP over IPv4', v2(), { kind: 'proxied', source: client4, destination: local4 }],
  ['a health check', v2({ command: 0x20, family: 0, addresses: Buffer.alloc(0) }), { kind: 'local' }],
  ['LOCAL with whatever', v2({ command: 0x20, family: 0x77, addresses: Buffer.alloc(300, 0xff) }), { kind: 'local' }],
  ['UNSPEC', v2({ family: 0, addresses: Buffer.alloc(9, 1) }), { kind: 'unknown' }],
  ['a Unix socket', v2({ family: 0x31, addresses: Buffer.alloc(216) }), { kind: 'unknown' }],
  [
    'fields of all kinds',
    v2({
      tlvs: [
        tlv(0x01, text('h2')),
        tlv(0x02, text('web.example')),
        tlv(0x04, Buffer.alloc(700)),
        tlv(0x05, Buffer.alloc(128)),
        tlv(0x20, Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), tlv(0x21, text('TLSv1.3')), tlv(0x22, text('ann'))])),
        tlv(0xee, Buffer.alloc(0)),
      ],
    }),
    { kind: 'proxied', source: client4, destination: local4 },
  ],
  [
    'a checksum',
    checksum((sum) => v2({ tlvs: [tlv(0x04, Buffer.alloc(3)), tlv(0x03, sum), tlv(0x02, text('a.example'))] })),
    { kind: 'proxied', source: client4, destination: local4 },
  ],
])('a header of version 2 is read: %s', (_what, bytes, header) => {
  const all = Buffer.concat([bytes, text('GET ')]);
  expect(read(all)).toMatchObject({ kind: 'complete', header, follows: 'GET ' });
  expect(read(all, [5, 13, 17, bytes.length - 1])).toMatchObject({ kind: 'complete', header, follows: 'GET ' });
});

test.each<[string, Buffer, string]>([
  ['version 1', v2({ command: 0x11 }), 'its version'],
  ['version 3', v2({ command: 0x31 }).subarray(0, 16), 'its version'],
  ['an unknown command', v2({ command: 0x22 }), 'its command'],
  ['UDP', v2({ family: 0x12 }), 'no family'],
  ['an unknown family', v2({ family: 0x41 }), 'no family'],
  ['a family without a protocol', v2({ family: 0x10 }), 'no family'],
  ['no room for addresses', v2({ addresses: IPV4.subarray(1) }), 'too short'],
  ['no room for IPv6', v2({ family: 0x21 }), 'too short'],
  ['a length that nothing needs', v2({ length: 4081 }).subarray(0, 16), 'longer than 4096'],
  ['a field that is cut', v2({ tlvs: [Buffer.from([1, 0])] }), 'ends behind'],
  ['a field that is longer than the header', v2({ tlvs: [tlv(1, text('h2'), 3)] }), 'ends behind'],
  ['a name that is none', v2({ tlvs: [tlv(2, Buffer.alloc(256))] }), 'longer than 255'],
  ['an id that is too long', v2({ tlvs: [tlv(5, Buffer.alloc(129))] }), 'longer than 128'],
  ['TLS that is cut', v2({ tlvs: [tlv(0x20, Buffer.alloc(4))] }), 'too short'],
  ['a field of TLS that is cut', v2({ tlvs: [tlv(0x20, Buffer.from([1, 0, 0, 0, 0, 0x21, 0, 9, 1]))] }), 'ends behind'],
  ['a wrong checksum', v2({ tlvs: [tlv(3, Buffer.from([1, 2, 3, 4]))] }), 'checksum is wrong'],
  ['half a checksum', v2({ tlvs: [tlv(3, Buffer.alloc(2))] }), 'checksum is not one'],
])('version 2 is refused: %s', (_what, bytes, why) => {
  expect(() => read(bytes)).toThrow(why);
  expect(() => read(bytes, [3, 15, 16, 20])).toThrow(why);
});

test('the checksum is CRC32C, by the examples of its specification', () => {
  expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
  expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
});

test('addresses of two families are both written as IPv6', () => {
  const header = { kind: 'proxied', source: client4, destination: local6 } as const;
  expect(writeHeader('v1', header).toString()).toBe('PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 40123 443\r\n');
  expect(writeHeader('v2', header)[13]).toBe(0x21);
});

const clientWith = (fields: Partial<ClientConnection>): ClientConnection =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what is used
  ({ address: client4, local: local4, listener: local4, ...fields }) as ClientConnection;

test.each<[string, Partial<ClientConnection>, string]>([
  ['a client', {}, 'PROXY TCP4 192.0.2.7 198.51.100.1 40123 443'],
  [
    'an intercepted one',
    { originalDestination: address('203.0.113.9', 80) },
    'PROXY TCP4 192.0.2.7 203.0.113.9 40123 80',
  ],
  ['one of a Unix socket', { address: { family: 'unix', path: '/run/a' } }, 'PROXY UNKNOWN'],
  [
    'one that a proxy told on a Unix socket',
    { local: { family: 'unix', path: '/run/a' } },
    'PROXY TCP4 192.0.2.7 0.0.0.0 40123 0',
  ],
  ['the proxy itself', { isProxyItself: true }, 'PROXY UNKNOWN'],
])('servers are told of %s', (_who, fields, line) => {
  expect(headerForClient('v1', clientWith(fields)).toString()).toBe(`${line}\r\n`);
});

test('the proxy itself is LOCAL in version 2, and shares connections with nobody', () => {
  const itself = clientWith({ isProxyItself: true, address: { family: 'unix', path: '' } });
  expect(headerForClient('v2', itself).subarray(12)).toEqual(Buffer.from([0x20, 0, 0, 0]));
  const keys = [itself, clientWith({}), clientWith({ address: client6 }), clientWith({ address: itself.address })];
  expect(new Set(keys.map((client) => headerKey('v2', client))).size).toBe(4);
  expect(headerKey('v2', clientWith({}))).toBe(headerKey('v2', clientWith({ address: { ...client4, port: 1 } })));
});
