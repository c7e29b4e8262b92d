import { setTimeout as sleep } from 'node:timers/promises';
import { LOAD_CORE, type Processes } from '../processes/processes.ts';
import { luaString } from './request.ts';
import type { LoadResult } from './result.ts';

export interface WrkLoad {
  /** The bytes of each request. */
  readonly text: string;
  /** Bytes of content of each answer. */
  readonly answer: number;
  readonly connections: number;
  /** The proxy closes after each answer without `Connection: close`, which wrk counts as a failed read. */
  readonly closesUnannounced?: boolean;
  /** Requests per second over all connections. Undefined sends as many as possible. */
  readonly rate?: number;
}

/** The prefix of the line of JSON that the script prints at the end. */
const MARK = 'inband-bench ';
/** The longest head of an answer, in bytes. */
const LONGEST_HEAD = 2048;
/** An answer that takes longer counts as a timeout, in seconds. */
const ANSWER_LIMIT = 5;

/** The numbers that wrk hands to the script's `done`. */
export interface WrkSummary {
  readonly requests: number;
  readonly bytes: number;
  readonly duration: number;
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly status: number;
  readonly timeout: number;
  readonly p50: number;
  readonly p99: number;
}

/**
 * The script for wrk (Lua): the same bytes every time, and one line of JSON at the end. With a rate, each connection
 * waits between answer and next request for a random time (exponential, so that arrivals are as independent as real
 * clients'); as there are many connections, a slow answer holds back only its own.
 */
export function wrkScript(load: WrkLoad): string {
  const lines = [
    `local text = ${luaString(load.text)}`,
    'wrk.init = function() wrk.request = function() return text end end',
  ];
  if (load.rate !== undefined) {
    const pause = (1000 * load.connections) / load.rate;
    lines.push(`function delay() return math.floor(-${pause} * math.log(1 - math.random()) + 0.5) end`);
  }
  const members = [
    ...['requests', 'bytes', 'duration'].map((name) => numberMember(name, `summary.${name}`)),
    ...['connect', 'read', 'write', 'status', 'timeout'].map((name) => numberMember(name, `summary.errors.${name}`)),
    ...[50, 99].map((percent) => numberMember(`p${percent}`, `latency:percentile(${percent})`)),
  ];
  lines.push(
    'function done(summary, latency)',
    `  print(${luaString(`${MARK}{`)} .. ${members.join(' .. "," .. ')} .. "}")`,
    'end',
  );
  return `${lines.join('\n')}\n`;
}

/** A Lua expression for one member of the JSON object. */
function numberMember(name: string, from: string): string {
  return `"\\"${name}\\":" .. string.format("%d", ${from})`;
}

/** Reads the line that the script printed. */
export function parseWrk(output: string): WrkSummary | undefined {
  const line = output.split('\n').find((each) => each.startsWith(MARK));
  if (line === undefined) return undefined;
  const summary: WrkSummary = JSON.parse(line.slice(MARK.length));
  return summary;
}

/** The faults of a run. Empty when the run is valid. */
export function faultsOf(summary: WrkSummary, load: Omit<WrkLoad, 'text'>): string[] {
  const faults: string[] = [];
  // At most one failed read for each answer. More of them mean answers that never arrived.
  const closed = load.closesUnannounced === true ? summary.requests + load.connections : 0;
  for (const kind of ['connect', 'read', 'write', 'timeout'] as const) {
    if (summary[kind] > (kind === 'read' ? closed : 0)) {
      faults.push(`${summary[kind]} ${kind === 'timeout' ? 'timeouts' : `socket errors (${kind})`}`);
    }
  }
  if (summary.status > 0) faults.push(`${summary.status} answers with an error status`);
  if (summary.requests === 0) faults.push('not one answer');
  const least = summary.requests * load.answer;
  // Requests that were under way at the end have bytes and are not counted.
  const most = (summary.requests + load.connections) * (load.answer + LONGEST_HEAD);
  if (summary.bytes < least) faults.push(`short answers: ${summary.bytes} bytes instead of at least ${least}`);
  if (summary.bytes > most) faults.push(`long answers: ${summary.bytes} bytes instead of at most ${most}`);
  return faults;
}

/**
 * Runs wrk against a port of 127.0.0.1, or the `url`, for `seconds`. wrk takes whole seconds only, but ends in order at SIGINT.
 * @param scriptPath where its script is.
 */
export async function runWrk(
  processes: Processes,
  wrk: { readonly program: string; readonly scriptPath: string; readonly url?: string },
  port: number,
  load: WrkLoad,
  seconds: number,
): Promise<LoadResult> {
  const args = [
    '-t1',
    `-c${load.connections}`,
    `-d${Math.ceil(seconds) + ANSWER_LIMIT}s`,
    '--timeout',
    `${ANSWER_LIMIT}s`,
  ];
  const running = processes.start({
    core: LOAD_CORE,
    command: wrk.program,
    args: [...args, '-s', wrk.scriptPath, wrk.url ?? `http://127.0.0.1:${port}/`],
  });
  await Promise.race([running.ended, sleep(seconds * 1000)]);
  running.child.kill('SIGINT');
  const killer = setTimeout(() => running.killNow(), 10_000);
  await running.ended;
  clearTimeout(killer);
  const summary = parseWrk(running.output);
  if (summary === undefined) return { completed: 0, duration: 0, faults: [`wrk failed: ${running.output}`] };
  const { requests, duration, p50, p99 } = summary;
  return { completed: requests, duration, p50, p99, faults: faultsOf(summary, load) };
}
