/**
 * What the admin side costs the data path (workload 1, a small GET by a forward proxy on one processor):
 *
 *     node bench/src/admin.ts [rounds] [seconds]
 *
 * Three programs take turns: without an admin server (but with metrics, as with one), with one that nobody asks, and with one of which eight clients ask as much as
 * they can. Processor time is that of the main thread, which has the event loop of the proxy, per request. It prints a table in Markdown, with
 * the middle of the ratios of the rounds. docs/benchmarks/findings.md explains it. It needs wrk, and two processors.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWrk, wrkScript, type WrkLoad } from './load/wrk.ts';
import { startOrigins } from './origin/origins.ts';
import { findProgram, pinSelf } from './processes/tools.ts';
import { OURS, programOf } from './program.ts';
import { freePorts, LOAD_CORE, type OwnedProcess, Processes, PROXY_CORE, waitForPort } from './processes/processes.ts';

/** Microseconds of a clock tick of the kernel. */
const TICK = 10_000;
/** Requests that the admin server has to answer at one time. */
const ASKING = 8;
/** What a page of an operator and a monitor ask for. */
const ASKED = ['/health/ready', '/generations', '/sessions', '/pools'];
const KINDS = ['off', 'idle', 'asked'] as const;

type Kind = (typeof KINDS)[number];

interface Running {
  readonly port: number;
  readonly admin: number;
  readonly process: OwnedProcess;
}

interface Sample {
  /** Microseconds of the main thread for a request. */
  readonly time: number;
  /** Requests in a second. */
  readonly rate: number;
  readonly p99: number;
  /** Answers of the admin server in a second. */
  readonly asked: number;
}

const [rounds = 9, seconds = 2] = process.argv.slice(2).map(Number);

async function startProxy(processes: Processes, kind: Kind): Promise<Running> {
  const [port = 0, admin = 0] = await freePorts(2);
  const file = join(folder, `${kind}.json`);
  const config = {
    log: { level: 'error', access: false },
    listeners: [{ bind: `127.0.0.1:${port}`, service: 'bench' }],
    services: { bench: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    // An admin server turns counting on, which has figures of its own.
    metrics: {},
    ...(kind !== 'off' && { admin: { bind: `127.0.0.1:${admin}` } }),
  };
  writeFileSync(file, JSON.stringify(config));
  const args = [programOf(OURS), 'run', '--config', file];
  const started = processes.start({ core: PROXY_CORE, command: process.execPath, args });
  await waitForPort(port, started);
  if (kind !== 'off') await waitForPort(admin, started);
  return { port, admin, process: started };
}

/** Microseconds of processor time of the main thread, whose id is that of the process. */
function mainTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** Asks as much as it can. Returns what ends it, and says how many answers there were. */
function askMuch(port: number): () => number {
  const agent = new Agent({ keepAlive: true, maxSockets: ASKING });
  let answers = 0;
  let isOver = false;
  const ask = (index: number): void => {
    if (isOver) return;
    const again = (): void => {
      answers += 1;
      ask(index + 1);
    };
    get({ port, host: '127.0.0.1', path: ASKED[index % ASKED.length], agent }, (response) => {
      response.resume().on('end', again);
    }).on('error', () => undefined);
  };
  for (let index = 0; index < ASKING; index += 1) ask(index);
  return () => {
    isOver = true;
    agent.destroy();
    return answers;
  };
}

async function measure(processes: Processes, kind: Kind, load: WrkLoad): Promise<Sample> {
  const { port, admin, process: proxy } = proxies[kind];
  const end = kind === 'asked' ? askMuch(admin) : undefined;
  const before = mainTime(proxy.pid);
  const result = await runWrk(processes, { program: wrk, scriptPath: script }, port, load, seconds);
  const time = mainTime(proxy.pid) - before;
  const answers = end?.() ?? 0;
  if (result.faults.length > 0) throw new Error(result.faults.join(', '));
  const length = result.duration / 1e6;
  return {
    time: time / result.completed,
    rate: result.completed / length,
    p99: result.p99 ?? 0,
    asked: answers / length,
  };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const wrk = findProgram('wrk') ?? '';
if (wrk === '') throw new Error('It needs wrk.');
pinSelf(LOAD_CORE);
const folder = mkdtempSync(join(tmpdir(), 'inband-bench-'));
const script = join(folder, 'wrk.lua');
const processes = new Processes();
const origins = await startOrigins(processes, folder, findProgram('nginx'));
const text = `GET http://127.0.0.1:${origins.http[0]}/ HTTP/1.1\r\nHost: 127.0.0.1:${origins.http[0]}\r\n\r\n`;
const load: WrkLoad = { text, answer: 100, connections: 64 };
writeFileSync(script, wrkScript(load));
const proxies = {
  off: await startProxy(processes, 'off'),
  idle: await startProxy(processes, 'idle'),
  asked: await startProxy(processes, 'asked'),
};
try {
  const samples: Record<Kind, Sample[]> = { off: [], idle: [], asked: [] };
  // The first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of KINDS) {
      const sample = await measure(processes, kind, load);
      if (round > 0) samples[kind].push(sample);
    }
  }
  const lines = KINDS.map((kind) => {
    const of = (value: (sample: Sample) => number): number => middle(samples[kind].map(value));
    const ratio = (value: (sample: Sample) => number): string =>
      middle(samples[kind].map((sample, round) => value(sample) / value(samples.off[round] ?? sample))).toFixed(3);
    const cells = [of(({ time }) => time).toFixed(2), ratio(({ time }) => time), of(({ rate }) => rate).toFixed(0)];
    cells.push(
      ratio(({ rate }) => rate),
      (of(({ p99 }) => p99) / 1_000).toFixed(1),
      of(({ asked }) => asked).toFixed(0),
    );
    return `| ${kind} | ${cells.join(' | ')} |`;
  });
  const heads = ['admin server', 'µs/request', 'ratio', 'requests/s', 'ratio', 'p99 ms', 'its answers/s'];
  process.stdout.write(`| ${heads.join(' | ')} |\n| --- |${' ---: |'.repeat(heads.length - 1)}\n${lines.join('\n')}\n`);
} finally {
  await processes.stopAll();
  rmSync(folder, { recursive: true });
}
