import { vi } from 'vitest';

/**
 * Set-up of all tests: what is waited for has half a minute, where a test does not say otherwise. vitest gives it one second, and machines of CI
 * halt for longer. (`expect.poll` has a key of the configuration.)
 */
const PATIENCE = 30_000;

type Options = Parameters<typeof vi.waitFor>[1];

const { waitFor, waitUntil } = vi;

/** Of files that share a process, the first one has set it. */
if (!waitFor.name.startsWith('patient')) {
  vi.waitFor = function patientFor(callback, options) {
    return waitFor(callback, patient(options));
  };
  vi.waitUntil = function patientUntil(callback, options) {
    return waitUntil(callback, patient(options));
  };
}

function patient(options: Options): Options {
  return typeof options === 'number' ? options : { timeout: PATIENCE, ...options };
}
