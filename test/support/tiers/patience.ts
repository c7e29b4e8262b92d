import { vi } from 'vitest';

/**
 * Set-up of all tests: what is waited for has half a minute, where a test does not say otherwise. vitest gives it one second, and machines of CI
 * halt for longer. (`expect.poll` has a key of the configuration.)
 */
const PATIENCE = 30_000;

type Options = Parameters<typeof vi.waitFor>[1];

const { waitFor, waitUntil } = vi;
let interval: number | undefined;

/** Milliseconds after which what is waited for is looked at again, from now on. vitest's own are 50. */
export function lookEvery(milliseconds: number): void {
  interval = milliseconds;
}

/** Of files that share a process, the first one has set it. */
if (!waitFor.name.startsWith('patient')) {
  vi.waitFor = function patientFor(callback, options) {
    return waitFor(callback, patient(options));
  };
  vi.waitUntil = function patientUntil(callback, options) {
    return waitUntil(callback, patient(options));
  };
}

/** Simulated timers move by the interval at each look, so vitest's own stays there. */
function patient(options: Options): Options {
  const usual = { timeout: PATIENCE, ...(interval !== undefined && !vi.isFakeTimers() && { interval }) };
  return { ...usual, ...(typeof options === 'number' ? { timeout: options } : options) };
}
