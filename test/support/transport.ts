import { createEpollTransport, createNodeTransport, type Transport } from '@inband/core';

/**
 * The transport of tests over real sockets. They run once for each transport (`vitest.config.ts`), because their results must hold on all.
 */
export const testTransport = process.env['INBAND_TEST_TRANSPORT'] === 'epoll' ? 'epoll' : 'node';

export function createTestTransport(): Transport {
  return testTransport === 'epoll' ? createEpollTransport() : createNodeTransport();
}
