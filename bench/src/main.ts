import { messageOf } from './errors.ts';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inbandPeers } from './inband-peer.ts';
import { describeMachine } from './processes/machine.ts';
import { withAddedLatency } from './figures/metrics.ts';
import { parseOptions, USAGE, type BenchOptions } from './options.ts';
import { startOrigins } from './origin/origins.ts';
import type { Peer } from './peer.ts';
import { otherPeers, PEER_NAMES } from './peers.ts';
import { OURS } from './program.ts';
import { freePorts, LOAD_CORE, Processes } from './processes/processes.ts';
import { joinEarlier, readEarlier, requireJoinable } from './report/earlier.ts';
import type { ReportInput } from './report/report-input.ts';
import { writeReport } from './report/write.ts';
import { Run } from './run.ts';
import { Site } from './site.ts';
import { pinSelf, prepareTools, requireMachine, versionOf, type Tools } from './processes/tools.ts';
import { allWorkloads, type Workload } from './workloads.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** Descriptors: two for each of 5,000 tunnels, and those that the configurations of the peers reserve. */
const DESCRIPTORS_NEEDED = 13_000;
const processes = new Processes();

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function chooseWorkloads(options: BenchOptions): Workload[] {
  const all = allWorkloads(options.quick);
  return options.workloads === undefined ? all : all.filter(({ number }) => options.workloads?.includes(number));
}

/** A name chooses its variants too: `nginx` chooses `nginx-unbuffered`. */
function choosePeers(peers: readonly Peer[], names: readonly string[] | undefined): Peer[] {
  if (names === undefined) return [...peers];
  const known: readonly string[] = PEER_NAMES;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`--peers: expected names of ${known.join(', ')}, found "${unknown.join(', ')}"`);
  return peers.filter(({ name }) => names.some((wanted) => name === wanted || name.startsWith(`${wanted}-`)));
}

function reportDirectory(options: BenchOptions): string {
  if (options.out !== undefined) return options.out;
  // Only complete runs write to the repository.
  const { quick, workloads, peers, inband, before, transport } = options;
  const whole = !quick && [workloads, peers, inband, before, transport].every((option) => option === undefined);
  return join(REPOSITORY, whole ? 'docs/benchmarks' : 'bench/results');
}

async function bench(options: BenchOptions, directory: string): Promise<boolean> {
  requireMachine(cpus().length);
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    say(line);
  };
  const earlier = options.after === undefined ? undefined : readEarlier(options.after);
  const tools = prepareTools(['nginx', 'haproxy', 'squid', 'tinyproxy', 'wrk'], options.install, note);
  if (tools.wrk === undefined) throw new Error('the benchmark needs wrk for its load (Debian: apt-get install wrk)');
  const machine = describeMachine();
  if (machine.loadBefore > 0.5) note(`the machine was not idle at the start: load average ${machine.loadBefore}`);
  if (machine.descriptors < DESCRIPTORS_NEEDED) {
    note(
      `only ${machine.descriptors} descriptors for each process (ulimit -Hn), ${DESCRIPTORS_NEEDED} are needed: some peers will not start`,
    );
  }
  pinSelf(LOAD_CORE);

  const origins = await startOrigins(processes, directory, tools.nginx);
  const [port = 0] = await freePorts(1);
  const program = options.inband ?? OURS;
  const siteIn = (path: string): Site => new Site(path, port, origins);
  const ours = inbandPeers({ name: 'inband', main: program }, directory, siteIn, options.transport);
  const { before } = options;
  const old =
    before === undefined
      ? []
      : inbandPeers({ name: 'before', main: resolve(before) }, directory, siteIn, options.transport);
  const peers = [...ours, ...old, ...choosePeers(otherPeers(tools), options.peers)];
  if (ours.length < 2 && options.transport === undefined)
    say('transport epoll does not start here: ours is measured on transport node only');
  const workloads = chooseWorkloads(options);
  const rounds = options.rounds ?? (options.quick ? 2 : 5);
  const seconds = options.seconds ?? (options.quick ? 0.5 : 3);
  const participants = peers.map(({ name, family, version }) => ({ name, family, version }));
  const setting = { workloads, participants, machine, quick: options.quick, seconds, originName: originName(tools) };
  if (earlier !== undefined) requireJoinable(earlier, setting);
  say(participants.map(({ name, version }) => `${name} ${version}`).join(', '));

  const lab = { processes, origins, directory, wrk: tools.wrk };
  const run = new Run(lab, peers, { rounds, seconds, warmUp: options.warmUp ?? (options.quick ? 0.4 : 2), say });
  const date = new Date().toISOString();
  const { samples, fixedRate } = await run.all(workloads);
  const input: ReportInput = { ...setting, samples: withAddedLatency(samples), rounds, fixedRate, date, notes };
  const path = writeReport(reportDirectory(options), earlier === undefined ? input : joinEarlier(earlier, input));
  say(`report: ${path}`);
  const failed = samples.filter(({ faults }) => faults.length > 0).length;
  if (failed > 0)
    say(`VOID: ${failed} of ${samples.length} measurements failed; they are in the report and count nowhere`);
  return failed === 0;
}

function originName({ nginx }: Tools): string {
  return nginx === undefined ? `node:http ${process.version}` : `nginx ${versionOf(nginx, ['-v'], /nginx\/(\S+)/)}`;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const directory = mkdtempSync(join(tmpdir(), 'inband-bench-'));
  // Servers that are started by root change to another user, who needs access to a directory in it.
  chmodSync(directory, 0o711);
  const cleanUp = (): void => {
    processes.killAll();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      say('stopped; everything that was started is ended');
      process.exit(130);
    });
  }
  try {
    return (await bench(options, directory)) ? 0 : 1;
  } finally {
    await processes.stopAll();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`bench: ${messageOf(error)}`);
  process.exitCode = 1;
}
