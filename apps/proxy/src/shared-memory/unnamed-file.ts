import { randomUUID } from 'node:crypto';
import { ftruncateSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a file without a name, in memory where possible, which goes with the last process that has it open. Returns its descriptor;
 * undefined where none can be made. Its bytes are zeros that take no memory until something is written.
 */
export function openUnnamedFile(length: number): number | undefined {
  for (const directory of ['/dev/shm', tmpdir()]) {
    try {
      const file = join(directory, `inband-${randomUUID()}`);
      const descriptor = openSync(file, 'wx+', 0o600);
      unlinkSync(file);
      ftruncateSync(descriptor, length);
      return descriptor;
    } catch {
      // Then the next directory.
    }
  }
  return undefined;
}
