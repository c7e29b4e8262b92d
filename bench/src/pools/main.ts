/**
 * How pools spread sessions, and what clients notice of a server that dies, beside nginx and HAProxy:
 *
 *     pnpm bench:pools [--programs inband,nginx,haproxy] [--seconds 20]
 *
 * Three servers are processes, which are killed (SIGKILL) and started again under load. It prints a table in Markdown, which
 * docs/benchmarks/findings.md explains. It needs nginx, HAProxy and two processors.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePorts, LOAD_CORE, type OwnedProcess, Processes, PROXY_CORE, waitForPort } from '../processes/processes.ts';
import { findProgram, pinSelf } from '../processes/tools.ts';
import { Site } from '../site.ts';
import { Clients, type Exchange } from './clients.ts';
import { haproxyPool, inbandPool, nginxPool, type PoolProgram, type PoolServer } from './proxies.ts';

const { values: options } = parseArgs({
  options: {
    programs: { type: 'string', default: 'inband,nginx,haproxy' },
    seconds: { type: 'string', default: '20' },
  },
});
const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));
const CLIENTS = 16;
/** Seconds between two deaths; a server is away for half of that. */
const TURN = 2;
/** Longest time until a server that is back is used again, in milliseconds. */
const LONGEST_RETURN = 30_000;

const folder = mkdtempSync(join(tmpdir(), 'inband-bench-'));
// nginx changes to another user when it is started by root.
chmodSync(folder, 0o755);
const processes = new Processes();
let sites = 0;

/** The servers, each a process. */
class Servers {
  readonly all: readonly PoolServer[];
  readonly #running = new Map<number, OwnedProcess>();

  constructor(ports: readonly number[], weights: readonly number[]) {
    this.all = ports.map((port, index) => ({ port, weight: weights[index] ?? 1 }));
  }

  async start(index: number): Promise<void> {
    const { port } = this.#at(index);
    const started = processes.start({ core: LOAD_CORE, command: process.execPath, args: [SERVER, String(port)] });
    await waitForPort(port, started);
    this.#running.set(port, started);
  }

  async kill(index: number): Promise<void> {
    const server = this.#running.get(this.#at(index).port);
    server?.killNow();
    await server?.ended;
  }

  async startAll(): Promise<void> {
    await Promise.all(this.all.map((_, index) => this.start(index)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((_, index) => this.kill(index)));
  }

  #at(index: number): PoolServer {
    const server = this.all[index];
    if (server === undefined) throw new Error(`There is no server ${index}.`);
    return server;
  }
}

/** Runs `measure` with a proxy before servers. */
async function withProxy<Result>(
  program: PoolProgram,
  weights: readonly number[],
  measure: (port: number, servers: Servers) => Promise<Result>,
): Promise<Result> {
  const [port = 0, ...ports] = await freePorts(1 + weights.length);
  const servers = new Servers(ports, weights);
  await servers.startAll();
  sites += 1;
  const site = new Site(join(folder, `site${sites}`), port, { http: [0, 0, 0, 0], tunnel: 0 });
  const [command, ...args] = program.command(site, servers.all);
  const proxy = processes.start({ core: PROXY_CORE, command, args });
  try {
    await waitForPort(port, proxy);
    return await measure(port, servers);
  } finally {
    await proxy.stop();
    await servers.stop();
  }
}

/** The most that a server's part of the requests differs from its weight's, in percentage points. */
function spread(program: PoolProgram): Promise<number> {
  return withProxy(program, [3, 2, 1], async (port, { all }) => {
    const clients = new Clients(port);
    clients.start(CLIENTS);
    await sleep(4_000);
    await clients.stop();
    const weight = all.reduce((sum, each) => sum + each.weight, 0);
    const { exchanges } = clients;
    const partOf = ({ port: which }: PoolServer): number =>
      exchanges.filter(({ server }) => server === which).length / exchanges.length;
    return Math.max(...all.map((server) => Math.abs(partOf(server) - server.weight / weight))) * 100;
  });
}

interface Death {
  readonly requests: number;
  readonly lost: number;
  /** The slowest request in milliseconds. */
  readonly slowest: number;
  /** Milliseconds from the return of the server to its first answer. */
  readonly back: number | undefined;
}

/** One of three servers dies for three seconds, and comes back. */
function death(program: PoolProgram): Promise<Death> {
  return withProxy(program, [1, 1, 1], async (port, servers) => {
    const clients = new Clients(port);
    clients.start(CLIENTS);
    await sleep(1_000);
    const from = clients.exchanges.length;
    await servers.kill(0);
    await sleep(3_000);
    const returned = performance.now();
    await servers.start(0);
    const [first] = servers.all;
    const isBack = ({ at, server }: Exchange): boolean => at > returned && server === first?.port;
    let back: Exchange | undefined;
    while (back === undefined && performance.now() < returned + LONGEST_RETURN) {
      await sleep(100);
      back = clients.exchanges.findLast(isBack) && clients.exchanges.find(isBack);
    }
    await clients.stop();
    return { ...summary(clients.exchanges.slice(from)), back: back && back.at - returned };
  });
}

/** A server is killed every two seconds, each in its turn, and is back a second later. */
function deaths(program: PoolProgram, seconds: number): Promise<Omit<Death, 'back'>> {
  return withProxy(program, [1, 1, 1], async (port, servers) => {
    const clients = new Clients(port);
    clients.start(CLIENTS);
    await sleep(1_000);
    const from = clients.exchanges.length;
    for (let turn = 0; turn * TURN < seconds; turn += 1) {
      const index = turn % servers.all.length;
      await servers.kill(index);
      await sleep((TURN * 1_000) / 2);
      await servers.start(index);
      await sleep((TURN * 1_000) / 2);
    }
    await clients.stop();
    return summary(clients.exchanges.slice(from));
  });
}

function summary(exchanges: readonly Exchange[]): Omit<Death, 'back'> {
  return {
    requests: exchanges.length,
    lost: exchanges.filter(({ server }) => server === undefined).length,
    slowest: exchanges.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0),
  };
}

function row(cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

function required(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`It needs ${name}.`);
  return found;
}

pinSelf(LOAD_CORE);
process.on('SIGINT', () => {
  processes.killAll();
  process.exit(130);
});
const chosen = options.programs.split(',');
const programs = [inbandPool(), nginxPool(required('nginx')), haproxyPool(required('haproxy'))];
try {
  row([
    '',
    'spread, points off',
    'one death: lost',
    'slowest, ms',
    'back after, ms',
    'a death every 2 s: lost',
    'slowest, ms',
  ]);
  row(['---', '---', '---', '---', '---', '---', '---']);
  for (const program of programs.filter(({ name }) => chosen.includes(name))) {
    const off = await spread(program);
    const one = await death(program);
    const many = await deaths(program, Number(options.seconds));
    row([
      program.name,
      off.toFixed(2),
      `${one.lost} of ${one.requests}`,
      one.slowest.toFixed(0),
      one.back?.toFixed(0) ?? `more than ${LONGEST_RETURN}`,
      `${many.lost} of ${many.requests}`,
      many.slowest.toFixed(0),
    ]);
  }
} finally {
  await processes.stopAll();
  rmSync(folder, { recursive: true, force: true });
}
