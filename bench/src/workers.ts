/**
 * How throughput grows from one worker to two, on one machine with the load and the origin:
 *
 *     node bench/src/workers.ts [rounds] [seconds] [transport]
 *
 * Needs Linux, wrk and nginx. Prints a table in Markdown; docs/benchmarks/workers.md explains it. Both proxies run all
 * the time and are measured in turns, so that whatever else the machine does concerns both; of these pairs, the half
 * with the least of that counts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { OURS, programOf } from './program.ts';

const [rounds = 7, seconds = 3] = process.argv.slice(2, 4).map(Number);
const transport = process.argv[4] ?? 'auto';
const CONNECTIONS = 64;
/** Milliseconds that wrk runs before and after the measurement of the processes. */
const MARGIN = 500;

/** As a browser sends them: with wrk's own Host, 15 fields. */
const BROWSER_FIELDS = [
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-User: ?1',
  'Sec-Fetch-Dest: document',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=8f14e45fceea167a5a36dedd4bea2543',
];
/** The fields that the load sends, by the name of the case. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'small request': [],
  'browser request': BROWSER_FIELDS,
};

interface Sample {
  readonly rate: number;
  /** Processors kept busy, on average: by the workers, the load, the origin, everything else on the machine. */
  readonly workers: number;
  readonly load: number;
  readonly origin: number;
  readonly others: number;
  /** Milliseconds. */
  readonly p99: number;
}

interface Instance {
  readonly child: ChildProcess;
  readonly port: number;
  readonly pids: readonly (number | undefined)[];
}

/** Seconds of processor time since a process began. */
function processorTime(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Seconds that all processors together have been busy. */
function busyTime(): number {
  const line = /^cpu +(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq) / 100;
}

function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function startOrigin(folder: string): Promise<Instance> {
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log stderr; events { worker_connections 4096; }
     http { access_log off; keepalive_requests 100000000; server { listen 127.0.0.1:${port} backlog=4096;
     location / { default_type text/plain; return 200 "${'x'.repeat(100)}"; } } }`,
  );
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  await wait(MARGIN);
  return { child, port, pids: childrenOf(child.pid) };
}

/** The log is written to /dev/null, so that its cost counts. */
async function startProxy(folder: string, workers: number, origin: number): Promise<Instance> {
  const port = await freePort();
  const file = join(folder, `${workers}.json`);
  const routes = [{ match: { host: '127.0.0.1' }, chainer: { type: 'directed', remote: `127.0.0.1:${origin}` } }];
  const listeners = [{ bind: `127.0.0.1:${port}`, service: 'web' }];
  writeFileSync(
    file,
    JSON.stringify({ workers, transport, listeners, services: { web: { mode: 'reverse', routes } } }),
  );
  const child = spawn(process.execPath, [programOf(OURS), '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  while (!(await accepts(port))) await wait(50);
  await wait(MARGIN);
  return { child, port, pids: workers === 1 ? [child.pid] : childrenOf(child.pid) };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function measure(proxy: Instance, origin: Instance, fields: readonly string[]): Promise<Sample> {
  const duration = Math.ceil(seconds + (2 * MARGIN) / 1000);
  const headers = fields.flatMap((field) => ['-H', field]);
  const url = `http://127.0.0.1:${proxy.port}/`;
  const wrk = spawn('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${duration}`, '--latency', ...headers, url]);
  const output = text(wrk.stdout);
  const now = () => ({
    at: performance.now() / 1000,
    busy: busyTime(),
    workers: sum(proxy.pids),
    load: sum([wrk.pid]),
    origin: sum(origin.pids),
  });
  await wait(MARGIN);
  const before = now();
  await wait(seconds * 1000);
  const after = now();
  const result = await output;
  const per = (part: 'busy' | 'workers' | 'load' | 'origin') => (after[part] - before[part]) / (after.at - before.at);
  const shares = { workers: per('workers'), load: per('load'), origin: per('origin') };
  const p99 = /99% +([\d.]+)(us|ms|s)/.exec(result);
  return {
    rate: Number(/Requests\/sec: +([\d.]+)/.exec(result)?.[1]),
    ...shares,
    others: per('busy') - shares.workers - shares.load - shares.origin,
    p99: Number(p99?.[1]) * (p99?.[2] === 'us' ? 0.001 : p99?.[2] === 's' ? 1000 : 1),
  };
}

function sum(pids: readonly (number | undefined)[]): number {
  return pids.reduce<number>((total, pid) => total + processorTime(pid), 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function row(name: string, workers: number, samples: readonly Sample[], base: number): string {
  const of = (value: (sample: Sample) => number) => median(samples.map(value));
  const micros = of((sample) => (sample.workers / sample.rate) * 1e6).toFixed(1);
  const cells = [name, workers, of(({ rate }) => rate).toFixed(0), base.toFixed(2), micros];
  const shares = [of((one) => one.workers), of((one) => one.load), of((one) => one.origin), of((one) => one.others)];
  cells.push(...shares.map((share) => share.toFixed(2)), of(({ p99 }) => p99).toFixed(1));
  return `| ${cells.join(' | ')} |`;
}

const folder = mkdtempSync(join(tmpdir(), 'inband-bench-'));
const origin = await startOrigin(folder);
const proxies = [await startProxy(folder, 1, origin.port), await startProxy(folder, 2, origin.port)] as const;
try {
  process.stdout.write(
    `| case | workers | requests/s | ratio | µs/request in workers | workers | load | origin | others | p99 ms |\n`,
  );
  process.stdout.write(`| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n`);
  for (const [name, fields] of Object.entries(CASES)) {
    const pairs: [Sample, Sample][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const one = await measure(proxies[0], origin, fields);
      pairs.push([one, await measure(proxies[1], origin, fields)]);
    }
    pairs.sort((a, b) => a[0].others + a[1].others - b[0].others - b[1].others);
    pairs.length = Math.ceil(pairs.length / 2);
    // Of each pair, not of the medians: what else the machine does changes slowly.
    const ratio = median(pairs.map(([one, two]) => two.rate / one.rate));
    process.stdout.write(
      `${row(
        name,
        1,
        pairs.map(([one]) => one),
        1,
      )}\n${row(
        name,
        2,
        pairs.map(([, two]) => two),
        ratio,
      )}\n`,
    );
  }
} finally {
  const children = [...proxies, origin].map(({ child }) => child);
  const ended = children.map((child) => (child.exitCode === null ? once(child, 'exit') : Promise.resolve()));
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(ended);
  rmSync(folder, { recursive: true });
}
