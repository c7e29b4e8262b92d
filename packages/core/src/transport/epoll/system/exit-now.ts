import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/**
 * Ends this process with `status` by `_exit(2)`: nothing is waited for, not even a thread that the kernel holds in a write
 * or a look-up, which Node's own end joins. Returns only where the system's functions cannot be reached.
 */
export function exitNow(status: number): void {
  try {
    const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
    koffi.load(null).func('void _exit(int status)')(status);
  } catch {
    // There is no such function here, or no permission to call it.
  }
}
