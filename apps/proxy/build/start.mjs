// `npm start`: runs what was built of the sources, which starts faster and takes less memory. Builds it first if they have changed.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import '../bin/early-signals.mjs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { start } from '../bin/start.mjs';
import { isCurrent } from './inputs.mjs';

if (!isCurrent()) {
  const build = fileURLToPath(new URL('main.ts', import.meta.url));
  spawnSync(process.execPath, [build], { stdio: ['ignore', 'ignore', 'inherit'] });
}
start('main', isCurrent());
