import { afterEach, beforeEach, expect, test } from 'vitest';
import { A, AAAA, type DnsReply, DnsServer } from '../../../../test/support/dns-server.ts';
import { createDnsResolver } from './dns-resolver.ts';
import type { Resolver } from './resolver.ts';

const NXDOMAIN = 3;
const SERVFAIL = 2;

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

test.each<[string, DnsReply]>([
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
