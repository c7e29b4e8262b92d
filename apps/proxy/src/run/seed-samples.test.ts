import { createMemoryNetwork, type MemoryNetwork, type SockAddr, type Transport } from '@inband/core';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

const page = await readFile(new URL('../../../../docs/seed.md', import.meta.url), 'utf8');

/** The configuration in `docs/seed.md` that has a service of that name. */
function sample(service: string): ConfigInput {
  const blocks = Array.from(page.matchAll(/^```yaml\n([^]*?)^```$/gm), ([, text = '']) => text);
  const found = blocks.find((text) => text.includes(`\n  ${service}:\n`));
  if (found === undefined) throw new Error(`docs/seed.md has no sample with the service ${service}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- createInband validates it like any other
  return parse(found) as ConfigInput;
}

test('the sample of a host that clients cannot route to: a service with a directed chainer and the HTTP proxy', async () => {
  const network = createMemoryNetwork();
  const server = address('192.168.0.2', 80);
  const origin = await startOrigin(network, server, 'in the DMZ');
  const inband = await createInband(sample('inter_HTTP_dmz'), { transport: network.transport() });
  const request = 'GET / HTTP/1.1\r\nHost: elsewhere.example:9999\r\nConnection: close\r\n\r\n';
  const answer = await exchange(network, '203.0.113.9', address('10.0.0.1', 80), request);
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nin the DMZ$/);
  expect(network.dialled).toContainEqual(server);
  await inband.close();
  await origin.close();
  expect(network.open).toBe(0);
});

/** On `network`, a transport whose listener gets clients that were on their way to `destination`. */
function intercepting(network: MemoryNetwork, destination: SockAddr): Transport {
  const plain = network.transport();
  return { ...plain, listen: (bind, _how, accept) => plain.listen(bind, {}, (client) => accept(client, destination)) };
}

test('the sample of intercepted connections: a service with a transparent chainer and the HTTP proxy', async () => {
  const network = createMemoryNetwork();
  const destination = address('10.9.0.80', 80);
  const origin = await startOrigin(network, destination, 'where the client was going');
  const inband = await createInband(sample('http'), { transport: intercepting(network, destination) });
  const request = 'GET / HTTP/1.1\r\nHost: elsewhere.example:9999\r\nConnection: close\r\n\r\n';
  const answer = await exchange(network, '10.1.0.7', address('10.0.0.1', 50_080), request);
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nwhere the client was going$/);
  await inband.close();
  await origin.close();
  expect(network.open).toBe(0);
});
