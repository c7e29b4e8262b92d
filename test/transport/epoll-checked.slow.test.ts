import { createEpollTransport } from '@inband/core';
import { beforeAll, describe } from 'vitest';
import { loopbackHarness, unixHarness } from './harnesses.ts';
import { relayBehaviour } from './relay-behaviour.ts';
import { labPerTest } from './lab-per-test.ts';
import { transportConformance } from './transport-suite.ts';

// Read when the first transport of this process is created; each test file has a process of its own.
beforeAll(() => {
  process.env['INBAND_EPOLL_CHECK'] = '1';
});

describe.skipIf(process.platform !== 'linux')('epoll, with every call checked twice', () => {
  transportConformance('over IPv4', () => loopbackHarness(createEpollTransport(), '127.0.0.1'));
  transportConformance('over unix sockets', () => unixHarness(createEpollTransport()));
  describe('a tunnel', () => relayBehaviour(labPerTest(() => loopbackHarness(createEpollTransport(), '127.0.0.1'))));
});
