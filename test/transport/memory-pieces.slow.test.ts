import { pseudoRandom } from '@inband/core';
import { memoryHarness } from './harnesses.ts';
import { transportConformance } from './transport-suite.ts';

const KIBIBYTE = 1024;

transportConformance('memory, in pieces of any size', () =>
  memoryHarness({ split: pseudoRandom(7), window: 4096, largest: 256 * KIBIBYTE }),
);
