import { createNodeTransport } from '@inband/core';
import { loopbackHarness, unixHarness } from './harnesses.ts';
import { transportConformance } from './transport-suite.ts';

transportConformance('node over IPv4', () => loopbackHarness(createNodeTransport(), '127.0.0.1'));
transportConformance('node over IPv6', () => loopbackHarness(createNodeTransport(), '::1'));
transportConformance('node over unix sockets', () => unixHarness(createNodeTransport()));
