import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { UsageError } from '../usage/usage-error.ts';

const SIGNALS = { reload: 'SIGHUP', upgrade: 'SIGUSR2' } as const;

interface Signalled {
  readonly name: keyof typeof SIGNALS;
  readonly pid: number;
}

/** Asks a running program for something by a signal. Returns the exit status. */
export function signalProgram({ name, pid }: Signalled): number {
  const line = commandLine(pid);
  if (line !== undefined && !/inband|build\/start\.mjs/.test(line))
    throw new UsageError(`process ${pid} is another program: ${line.slice(0, 100)}`);
  if (line?.includes('bin/worker.mjs') === true)
    throw new UsageError(`process ${pid} is a worker; its supervisor is to be asked, which has started it.`);
  // The names of others contain that word, too (`less inband.log`), and such a signal ends them.
  if (!isCaught(pid, SIGNALS[name]))
    throw new UsageError(
      `process ${pid} would be ended by ${SIGNALS[name]}, so it is another program, or just starting.`,
    );
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
  return ofProcess(pid, 'cmdline')?.split('\0').join(' ').trim();
}

/** Whether a process has a handler for a signal. True where the system does not tell. */
function isCaught(pid: number, signal: NodeJS.Signals): boolean {
  const [, mask] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(ofProcess(pid, 'status') ?? '') ?? [];
  if (mask === undefined) return true;
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

/** A file of a process in /proc. Undefined where there is none. */
function ofProcess(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
