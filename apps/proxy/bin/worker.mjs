// A worker process; the supervisor starts it.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import './early-signals.mjs';
import { start } from './start.mjs';

start('workers/worker-main');
