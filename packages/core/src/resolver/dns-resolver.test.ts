import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDnsResolver } from './dns-resolver.ts';
import type { Resolver } from './resolver.ts';

const A = 1;
const AAAA = 28;
const NXDOMAIN = 3;
const SERVFAIL = 2;

/** What the server says to one question: records with their times to live, an error code, or nothing at all. */
type Reply = { rcode?: number; records?: readonly { data: readonly number[]; ttl: number }[] } | 'silence';

/** A DNS server on loopback, just enough of RFC 1035 for one question and its answer. */
class DnsServer {
  readonly questions: { name: string; type: number }[] = [];
  reply: (name: string, type: number) => Reply = () => ({});
  readonly #socket: Socket = createSocket('udp4');

  async listen(): Promise<string> {
    this.#socket.on('message', (query, from) => {
      const { name, type, end } = parseQuestion(query);
      this.questions.push({ name, type });
      const reply = this.reply(name, type);
      if (reply === 'silence') return;
      this.#socket.send(answer(query, end, type, reply), from.port, from.address);
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

function parseQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answer(query: Buffer, end: number, type: number, { rcode = 0, records = [] }: Exclude<Reply, string>): Buffer {
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180 | rcode, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  const parts = records.map(({ data, ttl }) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(ttl, 6);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, Buffer.from(data)]);
  });
  return Buffer.concat([head, ...parts]);
}

const six = Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0));

let server: DnsServer;
let resolver: Resolver;

beforeEach(async () => {
  server = new DnsServer();
  resolver = createDnsResolver({ servers: [await server.listen()], timeout: 200, tries: 1 });
});

afterEach(async () => {
  resolver.close?.();
  await server.close();
});

test('asks for both families, puts IPv6 first, and gives the least time to live', async () => {
  server.reply = (_name, type) =>
    type === A ? { records: [{ data: [127, 0, 0, 9], ttl: 40 }] } : { records: [{ data: six, ttl: 20 }] };
  expect(await resolver.resolve('x.example')).toEqual({
    addresses: [
      { family: 'inet6', address: '::1' },
      { family: 'inet', address: '127.0.0.9' },
    ],
    ttl: 20,
  });
  expect(server.questions.map((question) => question.type).toSorted((a, b) => a - b)).toEqual([A, AAAA]);
});

test('no address of one family is fine', async () => {
  server.reply = (_name, type) => (type === A ? { records: [{ data: [127, 0, 0, 9], ttl: 40 }] } : {});
  expect(await resolver.resolve('x.example')).toEqual({
    addresses: [{ family: 'inet', address: '127.0.0.9' }],
    ttl: 40,
  });
});

test('a name without any address is a dns_error', async () => {
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({
    code: 'dns_error',
    message: 'The name "x.example" could not be resolved: it has no address.',
  });
});

test('a name that does not exist is a dns_error', async () => {
  server.reply = () => ({ rcode: NXDOMAIN });
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({
    code: 'dns_error',
    message: 'The name "x.example" could not be resolved: it does not exist.',
  });
});

test('a server that never answers is a dns_timeout', async () => {
  server.reply = () => 'silence';
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({ code: 'dns_timeout' });
});

test.each<[string, Reply]>([
  ['fails', { rcode: SERVFAIL }],
  ['gets no answer', 'silence'],
])('when one family %s, the other is used, but not kept for long', async (_name, reply) => {
  server.reply = (_host, type) => (type === A ? { records: [{ data: [127, 0, 0, 9], ttl: 4000 }] } : reply);
  expect(await resolver.resolve('x.example')).toEqual({
    addresses: [{ family: 'inet', address: '127.0.0.9' }],
    ttl: 5,
  });
});

test('localhost and names under it are answered without asking', async () => {
  const addresses = [
    { family: 'inet', address: '127.0.0.1' },
    { family: 'inet6', address: '::1' },
  ];
  expect(await resolver.resolve('localhost')).toEqual({ addresses });
  expect(await resolver.resolve('app.localhost')).toEqual({ addresses });
  expect(server.questions).toEqual([]);
});

test('servers that are not addresses are a configuration error', () => {
  expect(() => createDnsResolver({ servers: ['dns.example'] })).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', setting: 'servers' }),
  );
});
