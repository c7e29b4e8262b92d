import { afterEach } from 'vitest';
import { createHarness, type Harness, type HarnessOptions } from './harness.ts';

/** Makes harnesses for the tests of a file. Each is ended and checked for leaks when its test has succeeded. */
export function useHarness(): (options?: HarnessOptions) => Promise<Harness> {
  let harnesses: Harness[] = [];
  afterEach(async (context) => {
    const made = harnesses;
    harnesses = [];
    if (context.task.result?.state !== 'fail') for (const harness of made) await harness.finish();
  });
  return async (options = {}) => {
    const made = await createHarness(options);
    harnesses.push(made);
    return made;
  };
}
