import { Resolver as NodeResolver } from 'node:dns/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { A, DnsServer, encodeService, SRV } from '../../../../../test/support/dns-server.ts';
import { FakeMachine } from '../../../test-support/fake-machine.ts';
import { dnsSockets } from '../../transport/dns-sockets.ts';
import { createCachingResolver } from '../cache/caching-resolver.ts';
import type { Resolver, ResolverSource } from '../resolver.ts';
import { createDnsResolver } from './dns-resolver.ts';
import { lookUpServices } from './system-services.ts';

const NAME = '_http._tcp.shop.example';

let server: DnsServer;
let another: DnsServer;
let resolver: Required<Resolver>;

beforeEach(async () => {
  server = new DnsServer();
  another = new DnsServer();
  const options = { servers: [await server.listen()], timeout: 10_000, tries: 1 };
  resolver = createCachingResolver(createDnsResolver(options, { sockets: dnsSockets, machine: new FakeMachine() }));
});

afterEach(async () => {
  resolver.close();
  await server.close();
  await another.close();
});

function serve(
  ...services: readonly (readonly [priority: number, weight: number, port: number, target: string])[]
): void {
  const records = services.map((service, index) => ({ data: encodeService(...service), ttl: 30 - index }));
  server.reply = (_name, type) => (type === SRV ? { records } : {});
}

test('the places of a service come by priority, with the least of their times to live', async () => {
  serve([20, 0, 80, 'spare.example'], [10, 3, 8080, 'a.example'], [10, 1, 8081, 'b.example']);
  expect(await resolver.services(`${NAME}.`)).toEqual({
    services: [
      { priority: 10, weight: 3, port: 8080, target: 'a.example' },
      { priority: 10, weight: 1, port: 8081, target: 'b.example' },
      { priority: 20, weight: 0, port: 80, target: 'spare.example' },
    ],
    ttl: 28,
  });
  expect(server.questions.map(({ name, type }) => ({ name, type }))).toEqual([{ name: NAME, type: SRV }]);
});

test('an answer that does not fit into a datagram is asked for over TCP', async () => {
  const records = [{ data: encodeService(0, 0, 80, 'a.example'), ttl: 5 }];
  server.reply = (_name, _type, tcp) => (tcp ? { records } : { truncated: true });
  expect(await resolver.services(NAME)).toMatchObject({ services: [{ target: 'a.example' }], ttl: 5 });
});

describe('there is no such service when', () => {
  test('the answer says so by the root as its only target', async () => {
    serve([0, 0, 0, '']);
    await expect(resolver.services(NAME)).rejects.toMatchObject({
      code: 'dns_error',
      message: `The service "${NAME}" could not be found: its SRV record says that there is none (the target ".").`,
    });
  });

  test('the name has no such record, or does not exist', async () => {
    await expect(resolver.services(NAME)).rejects.toMatchObject({ code: 'dns_error' });
    server.reply = () => ({ rcode: 3 });
    await expect(resolver.services(NAME)).rejects.toMatchObject({ code: 'dns_error' });
  });

  test('none of its records has a host name and a port', async () => {
    serve([0, 0, 0, 'a.example'], [0, 0, 80, '10.0.0.1']);
    await expect(resolver.services(NAME)).rejects.toThrow(/none of its SRV records has a host name and a port/);
  });

  test('its name is none, or is never asked for', async () => {
    await expect(resolver.services('_http._tcp..example')).rejects.toMatchObject({ code: 'dns_error' });
    await expect(resolver.services('_http._tcp.x.onion')).rejects.toMatchObject({ code: 'dns_error' });
    expect(server.questions).toEqual([]);
  });
});

test('a server that fails says nothing about the service', async () => {
  server.reply = () => ({ rcode: 2 });
  await expect(resolver.services(NAME)).rejects.toMatchObject({ code: 'dns_timeout' });
});

describe('a look-up ends', () => {
  test('when nobody waits any more', async () => {
    server.reply = () => 'silence';
    const stop = new AbortController();
    const looking = resolver.services(NAME, stop.signal);
    stop.abort();
    await expect(looking).rejects.toMatchObject({ code: 'connection_terminated' });
  });

  test('when the resolver is closed', async () => {
    server.reply = () => 'silence';
    const looking = resolver.services(NAME);
    resolver.close();
    await expect(looking).rejects.toMatchObject({ code: 'connection_terminated' });
  });

  test('in time, also with a resolver of a plugin that never answers', async () => {
    const silent: ResolverSource = { resolve: () => NEVER, services: () => NEVER };
    const bounded = createCachingResolver(silent, { lookupTimeout: 20 });
    await expect(bounded.services(NAME)).rejects.toMatchObject({ code: 'dns_timeout' });
  });
});

const NEVER = new Promise<never>(() => undefined);

describe('where the system looks names up, node:dns', () => {
  async function asked(): Promise<NodeResolver> {
    const node = new NodeResolver({ timeout: 10_000, tries: 1 });
    node.setServers([await another.listen()]);
    return node;
  }

  test('finds the places of a service, whose times to live it does not know', async () => {
    const records = [
      { data: encodeService(5, 0, 80, 'Spare.example'), ttl: 9 },
      { data: encodeService(1, 2, 81, 'a.example'), ttl: 9 },
    ];
    another.reply = () => ({ records });
    expect(await lookUpServices(NAME, undefined, await asked())).toEqual({
      services: [
        { priority: 1, weight: 2, port: 81, target: 'a.example' },
        { priority: 5, weight: 0, port: 80, target: 'spare.example' },
      ],
    });
  });

  test('says that there is none in the same words, and can be stopped', async () => {
    another.reply = () => ({ records: [{ data: encodeService(0, 0, 0, ''), ttl: 9 }] });
    const node = await asked();
    await expect(lookUpServices(NAME, undefined, node)).rejects.toThrow(/says that there is none/);
    another.reply = () => 'silence';
    const stop = new AbortController();
    const looking = lookUpServices(NAME, stop.signal, node);
    stop.abort();
    await expect(looking).rejects.toMatchObject({ code: 'dns_timeout' });
  });
});

test('a resolver that knows no services says which setting decides about it', async () => {
  const addressesOnly = createCachingResolver({ resolve: () => NEVER });
  await expect(addressesOnly.services(NAME)).rejects.toMatchObject({ setting: 'resolver.type' });
});

test('it is known how long a cached answer is still used', async () => {
  server.reply = (_name, type) => (type === A ? { records: [{ data: [127, 0, 0, 9], ttl: 40 }] } : {});
  expect(resolver.expiresIn('a.example')).toBeUndefined();
  await resolver.resolve('a.example');
  const left = resolver.expiresIn('a.example') ?? 0;
  expect(left).toBeGreaterThan(20_000);
  expect(left).toBeLessThanOrEqual(40_000);
});
