import { afterEach, beforeEach } from 'vitest';
import { Lab, type TransportHarness } from './lab.ts';

/** The lab of the running test. */
export type CurrentLab = () => Lab;

export type MakeHarness = () => Promise<TransportHarness>;

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
