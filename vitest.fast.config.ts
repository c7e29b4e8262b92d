import { defineConfig } from 'vitest/config';
import whole, { everyTest, fastTier } from './vitest.config.ts';

/** The fast tier in its short form, `pnpm test:fast`: properties are tried less often (`test/support/tiers/runs.ts`). */
export default defineConfig({
  ...whole,
  test: {
    ...whole.test,
    projects: [
      { extends: true, test: { ...fastTier, name: 'fast', include: everyTest, env: { INBAND_TEST_SHORT: '1' } } },
    ],
  },
});
