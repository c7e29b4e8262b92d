// A worker process; the supervisor starts it, and says by `--built` that it was itself built.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import './early-signals.mjs';
import { start } from './start.mjs';

start('workers/worker-main', process.argv.includes('--built'));
