import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

/**
 * In the fast tier whatever starts a process throws, and its file fails, even where the error was caught. A test that needs
 * a process belongs into a file `*.slow.test.ts`.
 */
const ADVICE = 'tests of the fast tier start no processes; move this one to a file named *.slow.test.ts';

let attempts: string[] = [];

function refuse(...given: readonly unknown[]): never {
  const command = commandOf(given[0]);
  attempts.push(command);
  throw new Error(`Starting ${command}: ${ADVICE}.`);
}

/** The first argument is the command, or the options of `ChildProcess.prototype.spawn`. */
function commandOf(given: unknown): string {
  if (typeof given === 'object' && given !== null && 'file' in given) return String(given.file);
  return String(given);
}

/** From now on, for the whole process. */
export function refuseProcesses(): void {
  // All that is asynchronous (`spawn`, `exec`, `execFile`, `fork`, also made into promises) ends in the method.
  Object.assign(ChildProcess.prototype, { spawn: refuse });
  Object.assign(childProcess, { spawnSync: refuse, execSync: refuse, execFileSync: refuse });
  syncBuiltinESMExports();
}

/** Throws when a process was refused since it was last asked. */
export function checkNothingRefused(): void {
  const refused = attempts;
  attempts = [];
  if (refused.length > 0) throw new Error(`This file has tried to start ${refused.join(', ')}: ${ADVICE}.`);
}
