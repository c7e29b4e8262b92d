import { expect, test } from 'vitest';
import { canonicalAddresses, createSystemResolver } from './system-resolver.ts';

test('asks for all addresses, in the order of the system', async () => {
  const asked: unknown[] = [];
  const resolver = createSystemResolver((host, options) => {
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
  const resolver = createSystemResolver(() => Promise.reject(new Error('asked')));
  expect((await resolver.resolve('app.localhost')).addresses).toEqual([
    { family: 'inet', address: '127.0.0.1' },
    { family: 'inet6', address: '::1' },
  ]);
});

test('a failure is translated', async () => {
  const resolver = createSystemResolver(() => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })));
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({ code: 'dns_error' });
});

test('no usable address is a dns_error, never an empty list', async () => {
  const resolver = createSystemResolver(() => Promise.resolve([{ address: 'fe80::1%lo' }]));
  await expect(resolver.resolve('x.example')).rejects.toMatchObject({ code: 'dns_error' });
});
