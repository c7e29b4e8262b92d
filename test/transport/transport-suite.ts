import { afterEach, beforeEach, describe } from 'vitest';
import { closingBehaviour } from './closing-behaviour.ts';
import { connectingBehaviour } from './connecting-behaviour.ts';
import { flowBehaviour } from './flow-behaviour.ts';
import { Lab } from './lab.ts';
import type { TransportHarness } from './lab.ts';
import { scatteredBehaviour } from './scattered-behaviour.ts';
import { streamBehaviour } from './stream-behaviour.ts';
import { volumeBehaviour } from './volume-behaviour.ts';

/** The lab of the running test. */
export type CurrentLab = () => Lab;

type MakeHarness = () => Promise<TransportHarness>;

/**
 * What every transport promises (see `Connection` and `Transport` in the core), as tests. A transport passes when all
 * of them do; `makeHarness` is called once per test.
 */
export function transportConformance(name: string, makeHarness: MakeHarness): void {
  describe(name, () => {
    const lab = labPerTest(makeHarness);
    describe('connecting', () => connectingBehaviour(lab));
    describe('octets', () => streamBehaviour(lab));
    describe('flow', () => flowBehaviour(lab));
    describe('closing', () => closingBehaviour(lab));
    describe('volume', () => volumeBehaviour(lab));
    describe('relays', () => scatteredBehaviour(lab));
  });
}

/** For the tests of the enclosing `describe`: a lab each, which afterwards must be clean. */
export function labPerTest(makeHarness: MakeHarness): CurrentLab {
  let lab: Lab | undefined;
  beforeEach(async () => {
    lab = new Lab(await makeHarness());
  });
  afterEach(async () => {
    await lab?.finish();
  });
  return () => {
    if (lab === undefined) throw new Error('no test is running');
    return lab;
  };
}
