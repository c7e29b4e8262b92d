/**
 * Builds the program, if its sources have changed, and imports what was built, so that Node.js writes what it compiles into
 * `NODE_COMPILE_CACHE`. Most programs of tests end before they would write it themselves.
 */
import { globSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../../../apps/proxy');
await import(join(folder, 'build/main.ts'));
// What is compiled is for the flags with which it was.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has no types
const flags = (await import(join(folder, 'bin/engine-flags.mjs'))) as { setEngineFlags(): void };
flags.setEngineFlags();
for (const file of globSync('dist/{index.js,chunks/*.js}', { cwd: folder })) await import(join(folder, file));
flushCompileCache();
