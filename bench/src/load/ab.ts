import { setTimeout as sleep } from 'node:timers/promises';
import { LOAD_CORE, type Processes } from '../processes/processes.ts';
import type { LoadResult } from './result.ts';

/** More requests than it can make in a round, which a signal ends. */
const ENDLESS = 10_000_000;
/** Milliseconds until it has printed its result. */
const REPORT_LIMIT = 10_000;

/** Reads what ab prints at its end, an interrupt included. */
export function parseAb(output: string): LoadResult {
  const completed = numberAfter(output, 'Complete requests');
  const seconds = numberAfter(output, 'Time taken for tests');
  if (completed === undefined || seconds === undefined) {
    return { completed: 0, duration: 0, faults: [`ab failed: ${output}`] };
  }
  const faults: string[] = [];
  for (const kind of ['Failed requests', 'Non-2xx responses', 'Write errors']) {
    const count = numberAfter(output, kind) ?? 0;
    if (count > 0) faults.push(`${kind}: ${count}`);
  }
  if (completed === 0) faults.push('not one answer');
  return { completed, duration: seconds * 1_000_000, faults };
}

function numberAfter(output: string, label: string): number | undefined {
  const found = new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(output)?.[1];
  return found === undefined ? undefined : Number(found);
}

/**
 * Runs ab (ApacheBench) for `seconds`: each request on a new connection, over TLS each with a full handshake. wrk cannot be told to
 * do that, because it resumes the session that a connection had before.
 */
export async function runAb(
  processes: Processes,
  { program, url }: { readonly program: string; readonly url: string },
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const args = ['-q', '-c', String(connections), '-n', String(ENDLESS), url];
  const running = processes.start({ core: LOAD_CORE, command: program, args });
  await Promise.race([running.ended, sleep(seconds * 1000)]);
  running.child.kill('SIGINT');
  const killer = setTimeout(() => running.killNow(), REPORT_LIMIT);
  await running.ended;
  clearTimeout(killer);
  return parseAb(running.output);
}
