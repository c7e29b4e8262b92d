import { runWorker } from './worker.ts';

// The program of a worker process, which the supervisor starts.
if (process.send === undefined) {
  process.stderr.write('inband: this is the inside of "inband run"; set "workers" in the configuration.\n');
  process.exit(1);
}
await runWorker();
