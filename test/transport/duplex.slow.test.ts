import { createNodeTransport, byteByByte } from '@inband/core';
import { loopbackHarness, memoryHarness } from './harnesses.ts';
import { transportConformance } from './transport-suite.ts';
import { throughDuplex } from './wrapped-transport.ts';

transportConformance('memory through a stream', () => memoryHarness({}, throughDuplex));
transportConformance('memory through a stream, one byte at a time', () =>
  memoryHarness({ split: byteByByte, window: 1024, largest: 96 * 1024 }, throughDuplex),
);
transportConformance('node through a stream', () => loopbackHarness(throughDuplex(createNodeTransport()), '127.0.0.1'));
