import { createEpollTransport } from '@inband/core';
import { describe } from 'vitest';
import { loopbackHarness, unixHarness } from './harnesses.ts';
import { relayBehaviour } from './relay-behaviour.ts';
import { labPerTest } from './lab-per-test.ts';
import { transportConformance } from './transport-suite.ts';

describe.skipIf(process.platform !== 'linux')('epoll', () => {
  transportConformance('epoll over IPv4', () => loopbackHarness(createEpollTransport(), '127.0.0.1'));
  transportConformance('epoll over IPv6', () => loopbackHarness(createEpollTransport(), '::1'));
  transportConformance('epoll over unix sockets', () => unixHarness(createEpollTransport()));

  describe('a tunnel over IPv4', () =>
    relayBehaviour(labPerTest(() => loopbackHarness(createEpollTransport(), '127.0.0.1'))));
  describe('a tunnel over unix sockets', () => relayBehaviour(labPerTest(() => unixHarness(createEpollTransport()))));
});
