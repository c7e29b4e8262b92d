import { createEpollTransport, createNodeTransport, type Transport } from '@inband/core';

/**
 * The transport that tests over real sockets use: they run once for each (`vitest.config.ts`), because what they show
 * must hold on all of them.
 */
export const testTransport = process.env['INBAND_TEST_TRANSPORT'] === 'epoll' ? 'epoll' : 'node';

export function createTestTransport(): Transport {
  return testTransport === 'epoll' ? createEpollTransport() : createNodeTransport();
}
