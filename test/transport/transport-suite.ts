import { describe } from 'vitest';
import { closingBehaviour } from './closing-behaviour.ts';
import { connectingBehaviour } from './connecting-behaviour.ts';
import { flowBehaviour } from './flow-behaviour.ts';
import { labPerTest, type MakeHarness } from './lab-per-test.ts';
import { scatteredBehaviour } from './scattered-behaviour.ts';
import { streamBehaviour } from './stream-behaviour.ts';
import { volumeBehaviour } from './volume-behaviour.ts';

/**
 * What every transport promises (see `Connection` and `Transport` in the core), as tests. A transport passes when all
 * of them do; `makeHarness` is called once per test.
 */
export function transportConformance(name: string, makeHarness: MakeHarness): void {
  describe(name, () => {
    const lab = labPerTest(makeHarness);
    describe('connecting', () => connectingBehaviour(lab));
    describe('bytes', () => streamBehaviour(lab));
    describe('flow', () => flowBehaviour(lab));
    describe('closing', () => closingBehaviour(lab));
    describe('volume', () => volumeBehaviour(lab));
    describe('relays', () => scatteredBehaviour(lab));
  });
}
