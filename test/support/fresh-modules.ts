import { readFileSync } from 'node:fs';
import { afterAll, expect, vi } from 'vitest';

/**
 * Set-up of the fast tier, whose files share a process and with it the modules that were loaded. All of them are loaded anew
 * where what they know holds for one file only: the real module before a file with `vi.mock`, the mocked one behind it, and
 * the time behind a file with fake timers (an immediate that never came would have told `iteration-clock.ts` to forget it).
 */
const { useFakeTimers } = vi;
const { testPath } = expect.getState();
const mocks = testPath !== undefined && /\bvi\.(?:mock|doMock)\(/.test(readFileSync(testPath, 'utf8'));
let isStale = mocks;

if (mocks) vi.resetModules();

vi.useFakeTimers = (config) => {
  isStale = true;
  return useFakeTimers(config);
};

afterAll(() => {
  vi.useFakeTimers = useFakeTimers;
  if (isStale) vi.resetModules();
});
