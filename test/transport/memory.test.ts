import { byteByByte, pseudoRandom } from '@inband/core';
import { memoryHarness } from './harnesses.ts';
import { transportConformance } from './transport-suite.ts';

transportConformance('memory', () => memoryHarness());
transportConformance('memory, one byte at a time', () =>
  memoryHarness({ split: byteByByte, window: 1024, largest: 96 * 1024 }),
);
transportConformance('memory, in pieces of any size', () =>
  memoryHarness({ split: pseudoRandom(7), window: 4096, largest: 1024 * 1024 }),
);
