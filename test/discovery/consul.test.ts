import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { silentLogger } from '../chainers/fake-establisher.ts';
import consul from '../../docs/examples/consul.ts';
import { addressesIn, follow, playApi } from './played-api.ts';

/** An entry of `GET /v1/health/service/:service`, with all that an agent says. */
function instance(id: string, address: string, port: number, weights = { Passing: 1, Warning: 1 }) {
  return {
    Node: {
      ID: '40e4a748-2192-161a-0510-9bf59fe950b5',
      Node: 'foobar',
      Address: '10.1.10.12',
      Datacenter: 'dc1',
      TaggedAddresses: { lan: '10.1.10.12', wan: '10.1.10.12' },
      Meta: { instance_type: 't2.medium' },
      CreateIndex: 12,
      ModifyIndex: 14,
    },
    Service: {
      ID: id,
      Service: 'web',
      Tags: ['primary'],
      Address: address,
      TaggedAddresses: { lan: { address: '10.1.10.12', port: 8000 }, wan: { address: '198.18.1.2', port: 80 } },
      Meta: { redis_version: '4.0' },
      Port: port,
      Weights: weights,
      EnableTagOverride: false,
      CreateIndex: 20,
      ModifyIndex: 20,
    },
    Checks: [
      { Node: 'foobar', CheckID: 'service:web', Name: "Service 'web' check", Status: 'passing', Notes: '', Output: '' },
      { Node: 'foobar', CheckID: 'serfHealth', Name: 'Serf Health Status', Status: 'passing', Notes: '', Output: '' },
    ],
  };
}

function discovery(options: object) {
  const validated = consul.schema['~standard'].validate(options);
  if ('then' in validated || validated.issues !== undefined) throw new Error('The options are wrong.');
  return consul.create(validated.value, { logger: silentLogger, baseDirectory: '/' });
}

function give(response: ServerResponse, index: number, instances: readonly object[]): void {
  response.setHeader('x-consul-index', index);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(instances));
}

test('instances of a service are servers, with their weights; one without an address is at that of its node', async () => {
  const all = [
    instance('web1', '10.1.10.12', 8000, { Passing: 10, Warning: 1 }),
    instance('web2', '', 8001),
    instance('web3', '2001:db8::1', 80),
  ];
  const { url, asked } = await playApi((_request, response) => give(response, 14, all));
  const next = follow(discovery({ service: 'web', agent: url, tag: 'primary', datacenter: 'dc2' }));
  expect(await next()).toEqual([
    { address: '10.1.10.12:8000', weight: 10 },
    { address: '10.1.10.12:8001', weight: 1 },
    { address: '[2001:db8::1]:80', weight: 1 },
  ]);
  expect(asked[0]?.href).toBe('http://api.example/v1/health/service/web?passing=true&wait=5m&tag=primary&dc=dc2');
});

test('each query waits for a newer index than the last one, and begins anew when the index goes backwards', async () => {
  const indexes = [14, 30, 7, 8];
  const { url, asked } = await playApi((request, response) => {
    expect(request.headers['x-consul-token']).toBe('secret');
    give(response, indexes.shift() ?? 9, [instance('web1', `10.0.0.${indexes.length}`, 80)]);
  });
  const next = follow(discovery({ service: 'web', agent: url, token: 'secret' }));
  for (const left of [3, 2, 1, 0]) expect(addressesIn(await next())).toEqual([`10.0.0.${left}:80`]);
  expect(asked.map(({ searchParams }) => searchParams.get('index'))).toEqual([null, '14', '30', null]);
});

test('an agent that refuses is an error that says so', async () => {
  const { url } = await playApi((_request, response) => {
    response.statusCode = 403;
    response.end('Permission denied');
  });
  await expect(follow(discovery({ service: 'web', agent: url }))()).rejects.toThrow(
    'the agent answers 403 for the service "web"',
  );
});
