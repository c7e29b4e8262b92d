import { expect, test } from 'vitest';
import { systemFacts } from './system-facts.ts';

test.runIf(process.platform === 'linux')('capabilities are read on Linux, whatever else there is to see', async () => {
  expect(typeof (await systemFacts()).capabilities).toBe('bigint');
});
