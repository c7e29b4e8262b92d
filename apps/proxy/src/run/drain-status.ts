import { isatty } from 'node:tty';
import type { LogSink } from '../log/outputs/log-batch.ts';
import type { ShutdownTimes } from './shutdown.ts';

const STDERR = 2;
const EVERY = 1_000;

export interface DrainStatusDeps {
  readonly times: ShutdownTimes;
  /** Client connections that are open. Undefined if that is not known. */
  readonly open: () => number | undefined;
  /** Where it is shown. It must not block, because a terminal may be stopped (Ctrl+S). */
  readonly output: () => LogSink;
  readonly isTerminal?: boolean;
}

/**
 * Shows on a terminal, each second, what a shutdown waits for. The line is written over by the next one, and by lines of the log. Returns
 * a function that removes it.
 */
export function showDraining({ times, open, output, isTerminal = isatty(STDERR) }: DrainStatusDeps): () => void {
  if (!isTerminal) return () => undefined;
  const sink = output();
  const end = performance.now() + Math.max(times.grace, times.tunnels);
  let shown = '';
  const write = (line: string): void => {
    // With spaces over the rest of the last one, and the cursor where the next line begins.
    sink.write(Buffer.from(`\r${line.padEnd(shown.length)}\r`));
    shown = line;
  };
  const show = (): void => {
    const count = open();
    if (count !== undefined) write(drainingText(count, end - performance.now()));
  };
  show();
  const timer = setInterval(show, EVERY).unref();
  return () => {
    clearInterval(timer);
    if (shown !== '') write('');
  };
}

/** `1 connection open, 28 s left; Ctrl-C again to stop now`. */
export function drainingText(open: number, left: number): string {
  const connections = open === 1 ? '1 connection' : `${open} connections`;
  return `${connections} open, ${Math.max(0, Math.ceil(left / 1000))} s left; Ctrl-C again to stop now`;
}
