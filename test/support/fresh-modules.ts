import { readFileSync } from 'node:fs';
import { afterAll, expect, vi } from 'vitest';

/**
 * Set-up of the fast tier, whose files share a process and with it the modules that were loaded. A file with `vi.mock` loads
 * all of them anew, because they know the real module, and so does the next file, because they know the mocked one.
 */
const { testPath } = expect.getState();
if (testPath !== undefined && /\bvi\.(?:do)?mock\(/i.test(readFileSync(testPath, 'utf8'))) {
  vi.resetModules();
  afterAll(() => void vi.resetModules());
}
