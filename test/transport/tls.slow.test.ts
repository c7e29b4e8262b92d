import { createNodeTransport, pseudoRandom } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { connectingBehaviour } from './connecting-behaviour.ts';
import { flowBehaviour } from './flow-behaviour.ts';
import { loopbackHarness, memoryHarness } from './harnesses.ts';
import { streamBehaviour } from './stream-behaviour.ts';
import { labPerTest } from './lab-per-test.ts';
import { volumeBehaviour } from './volume-behaviour.ts';
import { throughTls } from './wrapped-transport.ts';

const MEBIBYTE = 1024 * 1024;

const carriers = [
  { name: 'memory', make: () => memoryHarness({ split: pseudoRandom(3), largest: MEBIBYTE }, throughTls) },
  {
    name: 'node',
    make: async () => ({
      ...(await loopbackHarness(throughTls(createNodeTransport()), '127.0.0.1')),
      largest: 16 * MEBIBYTE,
    }),
  },
];

// Not the whole suite: a TLS socket closes its carrier in its own way (no reset, unread session tickets).
describe.each(carriers)('TLS over $name, each side through both adapters', ({ make }) => {
  const lab = labPerTest(make);
  describe('connecting', () => connectingBehaviour(lab));
  describe('bytes', () => streamBehaviour(lab));
  describe('flow', () => flowBehaviour(lab));
  describe('volume', () => volumeBehaviour(lab));

  test('half-close: the client ends first, and the server sends on', async () => {
    const { client, server } = await lab().pair();
    client.resume();
    server.resume();
    client.write('request');
    client.end();
    await server.untilEnded();
    server.write('answer');
    server.end();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    expect([client.text, server.text]).toEqual(['answer', 'request']);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });

  test('destroying one side is noticed by the other', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    client.destroy(new Error('given up'));
    await server.until(() => server.isClosed || server.events.includes('ended'));
    await client.untilClosed();
    expect(client.events).toEqual(['closed']);
  });
});
