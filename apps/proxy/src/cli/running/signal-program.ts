import { readFileSync } from 'node:fs';

import { UsageError } from '../usage/usage-error.ts';

const SIGNALS = { reload: 'SIGHUP', upgrade: 'SIGUSR2' } as const;

interface Signalled {
  readonly name: keyof typeof SIGNALS;
  readonly pid: number;
}

/** Asks a running program for something by a signal. Returns the exit status. */
export function signalProgram({ name, pid }: Signalled): number {
  const line = commandLine(pid);
  // Such a signal ends most other programs.
  if (line !== undefined && !/inband|build\/start\.mjs/.test(line))
    throw new UsageError(`process ${pid} is another program: ${line.slice(0, 100)}`);
  if (line?.includes('bin/worker.mjs') === true)
    throw new UsageError(`process ${pid} is a worker; its supervisor is to be asked, which has started it.`);
  try {
    process.kill(pid, SIGNALS[name]);
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    throw new UsageError(isGone ? `there is no process ${pid}.` : `process ${pid} is another user's.`);
  }
  process.stdout.write(`Process ${pid} was asked to ${name}; its log says what comes of it.\n`);
  return 0;
}

/** Undefined where the system does not tell. */
function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return undefined;
  }
}
