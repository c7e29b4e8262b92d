// `npm start`: runs what was built of the sources, which starts faster and takes less memory. Builds it first if they have changed.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import '../bin/early-signals.mjs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isNewEnough } from '../bin/needed-node.mjs';

// Imported only then, because they call what old versions do not have.
if (isNewEnough()) void Promise.all([import('../bin/start.mjs'), import('./inputs.mjs')]).then(startCurrent);

/** @param {[typeof import('../bin/start.mjs'), typeof import('./inputs.mjs')]} modules */
function startCurrent([{ start }, { isCurrent }]) {
  if (!isCurrent()) {
    const build = fileURLToPath(new URL('main.ts', import.meta.url));
    spawnSync(process.execPath, [build], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  start('main', isCurrent());
}
