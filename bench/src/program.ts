import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program of this checkout. */
export const OURS = fileURLToPath(new URL('../../apps/proxy/bin/inband.mjs', import.meta.url));

const built = new Set<string>();

/**
 * What operators run of the checkout that has `program`, which is its `bin/inband.mjs` or its `src/main.ts`: what is built of its sources, as `npm start` does.
 * Builds it if it is not built of just these. Versions before 2026-11-28 have no build, so their sources run.
 */
export function programOf(program: string): string {
  const folder = join(program, '../..');
  const start = join(folder, 'build/start.mjs');
  if (!existsSync(start)) return join(folder, 'bin/inband.mjs');
  if (!built.has(folder)) execFileSync(process.execPath, [join(folder, 'build/main.ts')]);
  built.add(folder);
  return start;
}
