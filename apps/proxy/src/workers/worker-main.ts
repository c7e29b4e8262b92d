// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import '../run/engine-flags.ts';
import { runWorker } from './worker.ts';

// The program of a worker process, which the supervisor starts.
if (process.send === undefined) {
  process.stderr.write('inband: this is the inside of "inband run"; set "workers" in the configuration.\n');
  process.exit(1);
}
await runWorker();
