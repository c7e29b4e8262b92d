import { createNodeTransport } from '@inband/core';
import { describe } from 'vitest';
import { loopbackHarness, unixHarness } from './harnesses.ts';
import { relayBehaviour } from './relay-behaviour.ts';
import { labPerTest } from './lab-per-test.ts';
import { transportConformance } from './transport-suite.ts';

transportConformance('node over IPv4', () => loopbackHarness(createNodeTransport(), '127.0.0.1'));
transportConformance('node over IPv6', () => loopbackHarness(createNodeTransport(), '::1'));
transportConformance('node over unix sockets', () => unixHarness(createNodeTransport()));

describe('a tunnel over node', () =>
  relayBehaviour(labPerTest(() => loopbackHarness(createNodeTransport(), '127.0.0.1'))));
