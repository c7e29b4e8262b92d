import { byteByByte, pseudoRandom } from '@inband/core';
import { describe } from 'vitest';
import { memoryHarness } from './harnesses.ts';
import { labPerTest, type MakeHarness } from './lab-per-test.ts';
import { scatteredBehaviour } from './scattered-behaviour.ts';
import { throughStack } from './through-stack.ts';
import { volumeBehaviour } from './volume-behaviour.ts';

/** The bulk of what every transport promises (`transport-suite.ts`), of which the fast tier sends less. */
function bulkConformance(name: string, makeHarness: MakeHarness): void {
  describe(name, () => {
    const lab = labPerTest(makeHarness);
    describe('volume', () => volumeBehaviour(lab));
    describe('relays', () => scatteredBehaviour(lab));
  });
}

bulkConformance('memory', () => memoryHarness());
bulkConformance('memory, one byte at a time', () =>
  memoryHarness({ split: byteByByte, window: 1024, largest: 96 * 1024 }),
);
bulkConformance('memory, in pieces of any size', () =>
  memoryHarness({ split: pseudoRandom(7), window: 4096, largest: 1024 * 1024 }),
);
bulkConformance('between stacked proxies', () => memoryHarness({}, throughStack));
