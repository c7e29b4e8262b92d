import { defineConfig } from 'vitest/config';
import whole, { everyTest, fastTier } from './vitest.config.ts';

/** By name: what needs no process, and computes or waits for long, as a random machine or the clock of a library does. */
const longTests = ['**/*.long.test.ts'];

/** The fast tier in its short form, `pnpm test:fast`: properties are tried less often (`test/support/tiers/runs.ts`). */
export default defineConfig({
  ...whole,
  test: {
    ...whole.test,
    projects: [
      {
        extends: true,
        test: {
          ...fastTier,
          name: 'fast',
          include: everyTest,
          exclude: [...fastTier.exclude, ...longTests],
          env: { ...fastTier.env, INBAND_TEST_SHORT: '1' },
        },
      },
    ],
  },
});
