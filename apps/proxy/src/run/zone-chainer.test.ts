import { createMemoryNetwork } from '@inband/core';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { readConfigFile } from '../config/read/read-source.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';
import zoneChainer from '../../../../docs/examples/zone-chainer.ts';

const proxy = address('127.0.0.1', 8080);
const request = 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';

/** The documented example, with the plugin as the same module instance that this test runs in. */
async function exampleConfig(): Promise<ConfigInput> {
  const file = fileURLToPath(new URL('../../../../docs/examples/zones.yaml', import.meta.url));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- createInband validates it like any other
  return { ...((await readConfigFile(file)).value as ConfigInput), plugins: [zoneChainer] };
}

test.each([
  ['10.1.2.3', 'in Berlin', 'berlin'],
  ['10.2.2.3', 'in Lisbon', 'lisbon'],
  ['10.2.99.3', 'in the lab, which is in Lisbon', 'lisbon'],
  ['10.3.2.3', 'in no zone', 'default'],
])('the documented plugin takes a client at %s, %s, to %s', async (client, _where, server) => {
  const network = createMemoryNetwork();
  const origins = await Promise.all([
    startOrigin(network, address('10.1.0.10', 80), 'berlin'),
    startOrigin(network, address('10.2.0.10', 80), 'lisbon'),
    startOrigin(network, address('10.0.0.10', 80), 'default'),
  ]);
  const inband = await createInband(await exampleConfig(), { transport: network.transport() });
  const answer = await exchange(network, client, proxy, request);
  expect(answer.split('\r\n\r\n')[1]).toBe(server);
  await inband.close();
  await Promise.all(origins.map((origin) => origin.close()));
  expect(network.open).toBe(0);
});

test('the documented plugin refuses a zone that does not exist, in place', async () => {
  const config = await exampleConfig();
  const chainer = { type: 'zone' as const, servers: { madrid: '10.1.0.10:80' }, default: '10.0.0.10:80' };
  const services = { web: { mode: 'reverse' as const, routes: [{ chainer }] } };
  await expect(createInband({ ...config, services }, { transport: createMemoryNetwork().transport() })).rejects.toThrow(
    'services.web.routes[0].chainer.servers.madrid: unknown zone "madrid"',
  );
});
