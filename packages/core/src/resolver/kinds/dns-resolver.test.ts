import { afterEach, beforeEach, expect, test } from 'vitest';
import { A, AAAA, answerTo, type DnsReply, DnsServer } from '../../../../../test/support/dns-server.ts';
import { FakeMachine } from '../../../test-support/fake-machine.ts';
import { dnsSockets } from '../../transport/dns-sockets.ts';
import { createDnsResolver, type ResolverPlatform } from './dns-resolver.ts';
import type { Resolver } from '../resolver.ts';

const platform: ResolverPlatform = { sockets: dnsSockets, machine: new FakeMachine() };

const NXDOMAIN = 3;
const SERVFAIL = 2;

const six = Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0));

let server: DnsServer;
let another: DnsServer;
let address1: string;
let resolver: Resolver;

/** One that does not wait for long, for servers that never answer. */
function hasty(): Resolver {
  return createDnsResolver({ servers: [address1], timeout: 50, tries: 1 }, platform);
}

beforeEach(async () => {
  server = new DnsServer();
  another = new DnsServer();
  address1 = await server.listen();
  resolver = createDnsResolver({ servers: [address1], timeout: 5_000, tries: 1 }, platform);
});

afterEach(async () => {
  resolver.close?.();
  await server.close();
  await another.close();
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
  await expect(hasty().resolve('x.example')).rejects.toMatchObject({ code: 'dns_timeout' });
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
  expect(() => createDnsResolver({ servers: ['dns.example'] }, platform)).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', setting: 'servers' }),
  );
});

const address = { records: [{ data: [127, 0, 0, 9], ttl: 40 }] };
const resolved = { addresses: [{ family: 'inet', address: '127.0.0.9' }], ttl: 40 };

test('an answer that is too long is asked for over TCP', async () => {
  server.reply = (_name, type, tcp) => (type === A ? (tcp ? address : { truncated: true }) : {});
  expect(await resolver.resolve('x.example')).toEqual(resolved);
  expect(server.questions.filter(({ tcp }) => tcp)).toHaveLength(1);
});

test('a chain of aliases is followed', async () => {
  const aliases = Array.from({ length: 10 }, (_, index) => `c${index}.example`);
  server.reply = (_name, type) => (type === A ? { ...address, aliases } : { aliases });
  expect(await resolver.resolve('x.example')).toEqual(resolved);
});

test('every question has an id and a port of its own', async () => {
  for (let index = 0; index < 16; index += 1) await resolver.resolve(`x${index}.example`).catch(() => undefined);
  expect(new Set(server.questions.map(({ port }) => port)).size).toBeGreaterThan(24);
  expect(new Set(server.questions.map(({ id }) => id)).size).toBeGreaterThan(24);
});

test('datagrams that are no answer to the question are not taken for one', async () => {
  server.reply = (_name, type) => {
    if (type === AAAA) return {};
    return (query) => {
      const right = answerTo(query);
      const otherId = Buffer.from(right);
      otherId.writeUInt16BE(right.readUInt16BE(0) ^ 1, 0);
      otherId[otherId.length - 1] = 66;
      return [Buffer.from('junk'), Buffer.alloc(0), otherId, right];
    };
  };
  expect(await resolver.resolve('x.example')).toEqual(resolved);
});

test.each(['x.invalid', 'x.onion', 'X.ONION.', 'invalid'])('%s is never asked for, and fails at once', async (name) => {
  await expect(resolver.resolve(name)).rejects.toMatchObject({ code: 'dns_error' });
  expect(server.questions).toEqual([]);
});

test('x.local is asked for like any other name', async () => {
  server.reply = (_name, type) => (type === A ? address : {});
  expect(await resolver.resolve('x.local')).toEqual(resolved);
});

test.each([
  ['SERVFAIL', { rcode: SERVFAIL }],
  ['REFUSED', { rcode: 5 }],
  ['silence', 'silence' as const],
])('%s leaves open whether the name exists: dns_timeout, worth another try', async (_name, reply) => {
  server.reply = () => reply;
  await expect(hasty().resolve('x.example')).rejects.toMatchObject({ code: 'dns_timeout', retry: true });
});

test('on a machine without a global IPv6 address global ones come last', async () => {
  const machine = new FakeMachine();
  machine.globalIpv6 = false;
  const servers = [await another.listen()];
  const global = [0x20, 0x01, 0x0d, 0xb8, ...Array.from({ length: 12 }, () => 1)];
  another.reply = (_name, type) => (type === A ? address : { records: [{ data: global, ttl: 40 }] });
  const resolution = await createDnsResolver({ servers }, { ...platform, machine }).resolve('x.example');
  expect(resolution.addresses.map(({ family }) => family)).toEqual(['inet', 'inet6']);
});

test('a name that does not exist is asked of no further server', async () => {
  another.reply = () => ({ rcode: NXDOMAIN });
  const both = createDnsResolver({ servers: [await another.listen(), address1] }, platform);
  await expect(both.resolve('x.example')).rejects.toMatchObject({ code: 'dns_error' });
  expect(server.questions).toEqual([]);
});

test('100 silent names keep nobody else waiting', async () => {
  server.reply = (name, type) => (name.startsWith('silent') ? 'silence' : type === A ? address : {});
  const patient = createDnsResolver({ servers: [address1], timeout: 60_000, tries: 1 }, platform);
  const leaving = new AbortController();
  const silent = Array.from({ length: 100 }, (_, index) => patient.resolve(`silent${index}.example`, leaving.signal));
  const failures = Promise.allSettled(silent);
  expect(await patient.resolve('x.example')).toEqual(resolved);
  leaving.abort();
  expect((await failures).every(({ status }) => status === 'rejected')).toBe(true);
});
