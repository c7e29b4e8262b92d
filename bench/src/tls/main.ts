/**
 * What TLS costs, beside nginx and HAProxy with the same certificate, version and ciphers:
 *
 *     pnpm bench:tls [--turns 80] [--turn 0.25] [--rounds 9] [--seconds 1] [--warm-up 15] [--sides none,client,server,both] [--loads small,browser,handshake,resumed,volume,idle] [--programs inband,nginx,haproxy] [--before PROGRAM] [--record FILE]
 *
 * All programs are reverse proxies on one processor and take turns; load and origin have the other one. `small` and `browser` are measured
 * over connections that stay open ({@link KeptLoad}), in `--turns` of `--turn` seconds, the rest in `--rounds` of `--seconds`. It prints
 * tables in Markdown: the middle of the turns, and the middle of their ratios with the quartiles. `--record` appends each turn to a file, a line of
 * JSON each. docs/benchmarks/findings.md explains
 * them. It needs wrk, ab, nginx, HAProxy and openssl, and two processors.
 */
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, percentile } from '../figures/statistics.ts';
import { runAb } from '../load/ab.ts';
import { requestText } from '../load/request.ts';
import type { LoadResult } from '../load/result.ts';
import { runWrk, wrkScript } from '../load/wrk.ts';
import { readMemory, readProcessorTime } from '../processes/proc.ts';
import { freePorts, LOAD_CORE, type OwnedProcess, Processes, PROXY_CORE, waitForPort } from '../processes/processes.ts';
import { findProgram, pinSelf } from '../processes/tools.ts';
import { Site } from '../site.ts';
import { HOST, makeCertificate } from './certificate.ts';
import { KeptLoad, servedBy, takeTurns, type Turn } from './kept-load.ts';
import { LARGE, LOADS, type TlsLoad } from './loads.ts';
import {
  haproxyProgram,
  inbandProgram,
  nginxProgram,
  type Program,
  type Setting,
  SIDES,
  type Sides,
  toClients,
  type TlsOrigin,
} from './proxies.ts';

const { values: options } = parseArgs({
  options: {
    turns: { type: 'string', default: '80' },
    turn: { type: 'string', default: '0.25' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '15' },
    sides: { type: 'string', default: 'client,server,both' },
    loads: { type: 'string', default: 'small,browser,handshake,resumed,volume,idle' },
    programs: { type: 'string', default: 'inband,before,nginx,haproxy' },
    before: { type: 'string' },
    record: { type: 'string' },
  },
});
const turns = Number(options.turns);
const turnSeconds = Number(options.turn);
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const chosenLoads = options.loads.split(',');
const chosenSides = SIDES.filter((sides) => options.sides.split(',').includes(sides));
/** Idle connections of which the memory is measured. */
const IDLE = 2_000;
/** Programs of which nothing is compiled while they run, and the seconds of load before their first round. */
const COMPILED: readonly string[] = ['nginx', 'haproxy'];
const COMPILED_WARM_UP = 1.5;
/** Milliseconds until memory is read. */
const SETTLE = 2_000;
const NO_ORIGINS = { http: [0, 0, 0, 0], tunnel: 0 } as const;

interface Running {
  readonly name: string;
  readonly port: number;
  readonly process: OwnedProcess;
}

function required(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`It needs ${name}.`);
  return found;
}

const [wrk, ab, nginx, haproxy] = [required('wrk'), required('ab'), required('nginx'), required('haproxy')];
pinSelf(LOAD_CORE);
const folder = mkdtempSync(join(tmpdir(), 'inband-bench-'));
// Servers that are started by root change to another user.
chmodSync(folder, 0o755);
const processes = new Processes();
let sites = 0;

function newSite(port: number): Site {
  sites += 1;
  return new Site(join(folder, `site-${sites}`), port, NO_ORIGINS);
}

async function startOrigin(): Promise<TlsOrigin> {
  const [plain = 0, tls = 0] = await freePorts(2);
  const site = newSite(plain);
  site.write('10k', Buffer.alloc(10 * 1024, 'x'));
  site.write('64m', Buffer.alloc(LARGE, 'x'));
  const { certificate: cert, key } = certificate;
  const path = site.render('origin/nginx-tls.conf', {
    directory: site.directory,
    certificate: cert,
    key,
    plain,
    tls,
    hundred: 'x'.repeat(100),
  });
  const args = ['-c', path, '-e', site.path('error.log')];
  const started = processes.start({ core: LOAD_CORE, command: nginx, args });
  await waitForPort(plain, started);
  return { plain, tls };
}

async function start(program: Program, setting: Setting): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const [command, ...args] = program.command(newSite(port), setting);
  const started = processes.start({ core: PROXY_CORE, command, args, env: { NODE_ENV: 'production' } });
  await waitForPort(port, started);
  return { name: program.name, port, process: started };
}

/**
 * Seconds of load before the first round. V8 compiles what runs once for each connection late: from the 3rd second of full handshakes on this
 * took 5 % of the processor time, from the 14th on 3 %, from the 25th on less than 1 %.
 */
function warmUpOf(name: string): number {
  return Math.max(seconds, COMPILED.includes(name) ? COMPILED_WARM_UP : Number(options['warm-up']));
}

/** Microseconds of processor time for a unit of the load. */
async function costOf(
  { name, port, process: proxy }: Running,
  sides: Sides,
  load: TlsLoad,
  length: number,
): Promise<number> {
  const before = readProcessorTime(proxy.pid);
  const result = await put(load, `${toClients(sides) ? 'https' : 'http'}://${HOST}:${port}/`, port, length);
  const after = readProcessorTime(proxy.pid);
  if (result.faults.length > 0) throw new Error(`${name}, ${sides}, ${load.title}: ${result.faults.join(', ')}`);
  return (after.user + after.system - before.user - before.system) / (result.completed * load.units) / load.scale;
}

/** Puts a load on a proxy for so many seconds. */
function put({ by, request, connections }: TlsLoad, url: string, port: number, length: number): Promise<LoadResult> {
  if (by === 'ab') return runAb(processes, { program: ab, url }, connections, length);
  const wrkLoad = { text: requestText(request, 'origin', port), answer: request.answer, connections };
  const scriptPath = newSite(0).write('wrk.lua', wrkScript(wrkLoad));
  return runWrk(processes, { program: wrk, scriptPath, url }, port, wrkLoad, length);
}

/** Bytes that a proxy has grown by for each idle connection. */
async function memoryOf({ port, process: proxy }: Running): Promise<number> {
  const program = fileURLToPath(new URL('idle-clients.ts', import.meta.url));
  const before = readMemory(proxy.pid).pss;
  const args = [program, JSON.stringify({ port, connections: IDLE })];
  const clients = processes.start({ core: LOAD_CORE, command: process.execPath, args, ipc: true });
  await new Promise<void>((resolve, reject) => {
    clients.child.once('message', () => resolve());
    void clients.ended.then(() => reject(new Error(`the idle clients ended: ${clients.output}`)));
  });
  await sleep(SETTLE);
  const grown = readMemory(proxy.pid).pss - before;
  clients.child.send('end');
  await clients.ended;
  return grown / IDLE;
}

function row(title: string, names: readonly string[], figures: ReadonlyMap<string, readonly number[]>): string {
  const of = (name: string): readonly number[] => figures.get(name) ?? [];
  const cells = names.map((name) => median(of(name)).toFixed(1));
  const [ours = ''] = names;
  const ratios = names.slice(1).map((other) => {
    const each = of(ours).map((value, round) => value / (of(other)[round] ?? Number.NaN));
    const quartiles = [25, 75].map((percent) => percentile(each, percent).toFixed(3));
    return `${median(each).toFixed(3)} (${quartiles.join(' to ')})`;
  });
  return `| ${[title, ...cells, ...ratios].join(' | ')} |`;
}

/** The load of one program after the other, over connections that stay open. */
async function measureKept(title: string, load: TlsLoad, sides: Sides, running: readonly Running[]): Promise<string[]> {
  const scheme = toClients(sides) ? 'https' : 'http';
  const loads = new Map<string, KeptLoad>();
  for (const { name, port, process: proxy } of running) {
    const target = { pid: proxy.pid, port, url: `${scheme}://${HOST}:${port}/` };
    const kept = new KeptLoad(processes, wrk, newSite(0), load, target, () => servedBy(origin.plain));
    await kept.turn(warmUpOf(name));
    loads.set(name, kept);
  }
  const figures = await takeTurns(loads, turns, turnSeconds, (name, turn, cost) => {
    if (options.record === undefined) return;
    appendFileSync(options.record, `${JSON.stringify({ title, name, turn, ...cost })}\n`);
  });
  const names = [...loads.keys()];
  const only = (part: keyof Turn): Map<string, number[]> =>
    new Map([...figures].map(([name, each]) => [name, each.map((turn) => turn[part])]));
  return [row(`${title}, ${load.unit}`, names, only('all')), row(`${title}, main threads`, names, only('main'))];
}

async function measureSides(sides: Sides, programs: readonly Program[]): Promise<string[]> {
  const setting = { sides, origin, certificate };
  const running: Running[] = [];
  for (const program of programs) running.push(await start(program, setting));
  const names = running.map(({ name }) => name);
  const rows: string[] = [];
  // Only clients of TLS resume something.
  const fits = ({ name }: TlsLoad): boolean => chosenLoads.includes(name) && (toClients(sides) || name !== 'resumed');
  for (const load of LOADS.filter(fits)) {
    const title = `${sides}, ${load.title}`;
    if (load.isKept === true) {
      rows.push(...(await measureKept(title, load, sides, running)));
      process.stderr.write(`${rows.slice(-2).join('\n')}\n`);
      continue;
    }
    const figures = new Map(names.map((name) => [name, [] as number[]]));
    for (const each of running) await costOf(each, sides, load, warmUpOf(each.name));
    for (let round = 0; round < rounds; round += 1) {
      for (const each of running) figures.get(each.name)?.push(await costOf(each, sides, load, seconds));
    }
    rows.push(row(`${title}, ${load.unit}`, names, figures));
    process.stderr.write(`${rows.at(-1)}\n`);
  }
  await Promise.all(running.map((each) => each.process.stop()));
  if (toClients(sides) && chosenLoads.includes('idle')) {
    const figures = new Map<string, number[]>();
    for (const program of programs) {
      const fresh = await start(program, setting);
      figures.set(program.name, [(await memoryOf(fresh)) / 1024]);
      await fresh.process.stop();
    }
    rows.push(row(`${sides}, idle connection, KiB`, names, figures));
    process.stderr.write(`${rows.at(-1)}\n`);
  }
  return rows;
}

const certificate = makeCertificate(newSite(0));
const origin = await startOrigin();
try {
  const { before } = options;
  const programs = [inbandProgram('inband'), ...(before === undefined ? [] : [inbandProgram('before', before)])];
  programs.push(nginxProgram(nginx), haproxyProgram(haproxy));
  const chosen = programs.filter(({ name }) => options.programs.split(',').includes(name));
  const names = chosen.map(({ name }) => name);
  const heads = ['TLS on', ...names, ...names.slice(1).map((name) => `ratio to ${name}`)];
  const rows: string[] = [];
  for (const sides of chosenSides) rows.push(...(await measureSides(sides, chosen)));
  process.stdout.write(`| ${heads.join(' | ')} |\n| --- |${' ---: |'.repeat(heads.length - 1)}\n${rows.join('\n')}\n`);
} finally {
  await processes.stopAll();
  rmSync(folder, { recursive: true });
}
