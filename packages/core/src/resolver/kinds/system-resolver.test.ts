import { expect, test } from 'vitest';
import { FakeMachine } from '../../../test-support/fake-machine.ts';
import { canonicalAddresses } from '../canonical-addresses.ts';
import { createSystemResolver } from './system-resolver.ts';

const machine = new FakeMachine();

test('asks for all addresses, in the order of the system', async () => {
  const asked: unknown[] = [];
  const resolver = createSystemResolver(machine, (host, options) => {
    asked.push([host, options]);
    return Promise.resolve([{ address: '::1' }, { address: '127.0.0.9' }]);
  });
  expect(await resolver.resolve('x.example')).toEqual({
    addresses: [
      { family: 'inet6', address: '::1' },
      { family: 'inet', address: '127.0.0.9' },
    ],
  });
  expect(asked).toEqual([['x.example', { all: true, order: 'verbatim' }]]);
});

test('addresses are canonical, each once; mapped ones are IPv4, scoped ones are left out', () => {
  expect(canonicalAddresses(['0:0::1', '::1', '::ffff:127.0.0.1', '127.0.0.1', 'fe80::1%lo', 'nonsense'])).toEqual([
    { family: 'inet6', address: '::1' },
    { family: 'inet', address: '127.0.0.1' },
  ]);
});

test('localhost is answered without asking', async () => {
  const resolver = createSystemResolver(machine, () => Promise.reject(new Error('asked')));
  expect((await resolver.resolve('app.localhost')).addresses).toEqual([
    { family: 'inet', address: '127.0.0.1' },
    { family: 'inet6', address: '::1' },
  ]);
});

test('a failure is translated', async () => {
  const resolver = createSystemResolver(machine, () =>
    Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
  );
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({ code: 'dns_error' });
});

test('no usable address is a dns_error, never an empty list', async () => {
  const resolver = createSystemResolver(machine, () => Promise.resolve([{ address: 'fe80::1%lo' }]));
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({ code: 'dns_error' });
});

test('what /etc/hosts says, and names that are never asked for, need no thread', async () => {
  const hosts = new FakeMachine({
    '/etc/hosts': '127.0.0.9 x.example',
    '/etc/nsswitch.conf': 'hosts: files mdns4 dns',
  });
  const resolver = createSystemResolver(hosts, () => Promise.reject(new Error('asked')));
  expect(resolver.known?.('X.example')).toEqual({
    resolution: { addresses: [{ family: 'inet', address: '127.0.0.9' }] },
  });
  expect(resolver.known?.('y.onion')).toMatchObject({ error: { code: 'dns_error' } });
  expect(resolver.known?.('y.example')).toBeUndefined();
  expect(resolver.concurrency).toBe(2);
});

test('where /etc/hosts is not asked first it is left to the system', () => {
  const hosts = new FakeMachine({ '/etc/hosts': '127.0.0.9 x.example', '/etc/nsswitch.conf': 'hosts: dns files' });
  expect(createSystemResolver(hosts).known?.('x.example')).toBeUndefined();
});

test.each(['EAI_AGAIN', 'EAI_FAIL'])(
  '%s, which getaddrinfo says of servers that fail, is a dns_timeout',
  async (code) => {
    const resolver = createSystemResolver(machine, () => Promise.reject(Object.assign(new Error('no'), { code })));
    await expect(resolver.resolve('x.example')).rejects.toMatchObject({ code: 'dns_timeout' });
  },
);
