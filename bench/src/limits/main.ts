/**
 * What shared limits cost a small request, beside the same limits of one process:
 *
 *     pnpm bench:limits [--rounds 9] [--seconds 1] [--before PROGRAM]
 *
 * All forms run on one processor and take turns; load, origin and redis-server have the other one. No limit is reached. It prints a table in
 * Markdown: the middle of the rounds, and the middle of the ratios of the rounds. With `--before`, an `inband.mjs` whose workers do not share
 * limits, there is the same with two workers beside two that share. docs/benchmarks/findings.md explains them. It needs wrk,
 * redis-server and two processors.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../figures/statistics.ts';
import { requestText, type RequestSpec } from '../load/request.ts';
import { runWrk, wrkScript } from '../load/wrk.ts';
import { startOrigins } from '../origin/origins.ts';
import { readProcessorTime } from '../processes/proc.ts';
import { freePorts, LOAD_CORE, type OwnedProcess, Processes, PROXY_CORE, waitForPort } from '../processes/processes.ts';
import { findProgram, pinSelf } from '../processes/tools.ts';
import { OURS, programOf } from '../program.ts';
import { Site } from '../site.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '1' },
    before: { type: 'string' },
  },
});
const SMALL_GET: RequestSpec = { method: 'GET', path: '/', fields: [], content: 0, answer: 100 };
const CONNECTIONS = 64;
/** Seconds of load until what is compiled while it runs is compiled. */
const WARM_UP = 2;
/** For the service and for a client, and none is reached. */
const LIMITS = { requests: '1000000/s', newConnections: '1000000/s', perClient: { requests: '1000000/s' } };

/** A way to have limits. */
interface Form {
  readonly name: string;
  readonly main: string;
  readonly configuration: object;
  /** Whose cost it is compared with. */
  readonly than?: string;
}

interface Running extends Form {
  readonly port: number;
  readonly process: OwnedProcess;
}

function required(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`It needs ${name}.`);
  return found;
}

const [wrk, redis] = [required('wrk'), required('redis-server')];
pinSelf(LOAD_CORE);
const folder = mkdtempSync(join(tmpdir(), 'inband-bench-'));
// Servers that are started by root change to another user.
chmodSync(folder, 0o755);
const processes = new Processes();

function forms(redisPort: number): Form[] {
  const store = { type: 'redis', url: `redis://127.0.0.1:${redisPort}` };
  const limits = LIMITS;
  const { before } = options;
  return [
    { name: 'no limits', main: OURS, configuration: { workers: 1 } },
    { name: 'limits of one process', main: OURS, configuration: { workers: 1, limits } },
    {
      name: 'shared by redis',
      main: OURS,
      configuration: { workers: 1, limits, store },
      than: 'limits of one process',
    },
    { name: 'two workers, no limits', main: OURS, configuration: { workers: 2 } },
    ...(before === undefined
      ? []
      : [{ name: 'two workers, limits of each', main: before, configuration: { workers: 2, limits } }]),
    {
      name: 'two workers, shared by the supervisor',
      main: OURS,
      configuration: { workers: 2, limits },
      than: before === undefined ? 'two workers, no limits' : 'two workers, limits of each',
    },
    {
      name: 'two workers, shared by redis',
      main: OURS,
      configuration: { workers: 2, limits, store },
      than: before === undefined ? 'two workers, no limits' : 'two workers, limits of each',
    },
  ];
}

async function startRedis(): Promise<number> {
  const [port = 0] = await freePorts(1);
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  await waitForPort(port, processes.start({ core: LOAD_CORE, command: redis, args }));
  return port;
}

async function start(form: Form): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const site = new Site(join(folder, String(port)), port, origins);
  const { workers, limits, store }: { workers?: number; limits?: object; store?: object } = form.configuration;
  const configuration = {
    workers,
    ...(store && { store }),
    log: { level: 'warn', access: false },
    listeners: [{ bind: `127.0.0.1:${port}`, service: 'bench' }],
    services: { bench: { mode: 'forward', ...(limits && { limits }), routes: [{ chainer: { type: 'inband' } }] } },
  };
  const path = site.write('inband.json', JSON.stringify(configuration, undefined, 2));
  const args = [programOf(form.main), 'run', '--config', path];
  const env = { NODE_ENV: 'production' };
  const started = processes.start({ core: PROXY_CORE, command: process.execPath, args, env });
  await waitForPort(port, started);
  return { ...form, port, process: started };
}

/** Microseconds of processor time of a request, in all processes of the proxy. */
async function costOf({ name, port, process: proxy }: Running, seconds: number): Promise<number> {
  const text = requestText(SMALL_GET, 'absolute', origins.http[0]);
  const load = { text, answer: SMALL_GET.answer, connections: CONNECTIONS };
  const scriptPath = join(folder, 'wrk.lua');
  new Site(folder, port, origins).write('wrk.lua', wrkScript(load));
  const before = readProcessorTime(proxy.pid);
  const result = await runWrk(processes, { program: wrk, scriptPath }, port, load, seconds);
  const after = readProcessorTime(proxy.pid);
  if (result.faults.length > 0) throw new Error(`${name}: ${result.faults.join(', ')}`);
  return (after.user + after.system - before.user - before.system) / result.completed;
}

/** The middle of the ratios of the rounds, of which each is as quiet for both. */
function ratio(figures: ReadonlyMap<string, readonly number[]>, name: string, than: string | undefined): string {
  const others = than === undefined ? undefined : figures.get(than);
  const own = figures.get(name);
  if (others === undefined || own === undefined) return '';
  return median(own.map((value, round) => value / (others[round] ?? Number.NaN))).toFixed(3);
}

const origins = await startOrigins(processes, folder, findProgram('nginx'));
try {
  const running: Running[] = [];
  for (const form of forms(await startRedis())) running.push(await start(form));
  const figures = new Map(running.map(({ name }) => [name, [] as number[]]));
  for (const each of running) await costOf(each, WARM_UP);
  for (let round = 0; round < Number(options.rounds); round += 1) {
    // Another begins each round, so that none is always measured after the same other.
    const first = (round * 3) % running.length;
    for (const each of [...running.slice(first), ...running.slice(0, first)])
      figures.get(each.name)?.push(await costOf(each, Number(options.seconds)));
  }
  const rows = running.map(({ name, than }) => {
    const cost = median(figures.get(name) ?? []).toFixed(2);
    return `| ${name} | ${cost} | ${ratio(figures, name, than)} | ${than ?? ''} |`;
  });
  process.stdout.write(`| limits | us | ratio | to |\n| --- | ---: | ---: | --- |\n${rows.join('\n')}\n`);
} finally {
  await processes.stopAll();
  rmSync(folder, { recursive: true });
}
