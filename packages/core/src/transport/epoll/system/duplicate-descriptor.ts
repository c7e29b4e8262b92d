import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

const F_DUPFD_CLOEXEC = 1030;

/**
 * Another descriptor of what `descriptor` stands for (fcntl(2)), because Node has no function for it. Undefined where the system's
 * functions cannot be reached, and if no descriptor is left.
 */
export function duplicateDescriptor(descriptor: number): number | undefined {
  try {
    const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
    const fcntl = koffi.load(null).func('int fcntl(int descriptor, int command, int value)');
    const result: unknown = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    return typeof result === 'number' && result >= 0 ? result : undefined;
  } catch {
    return undefined;
  }
}
