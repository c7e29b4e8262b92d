import { messageOf } from './errors.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Instance } from './instances.ts';
import type { ExchangeArguments } from './load/exchanges.ts';
import type { IdleArguments } from './load/idle.ts';
import { requestText } from './load/request.ts';
import { isLoadResult, type LoadResult } from './load/result.ts';
import type { VolumeArguments } from './load/volume.ts';
import { runWrk, wrkScript, type WrkLoad } from './load/wrk.ts';
import type { Figures } from './figures/metrics.ts';
import { readMemory, readProcessorTime, type ProcessorTime } from './processes/proc.ts';
import { LOAD_CORE, type OwnedProcess, type Processes } from './processes/processes.ts';
import type { Origins } from './setup.ts';
import type { Load } from './workloads.ts';

/** The parameters that every measurement needs. */
export interface Lab {
  readonly processes: Processes;
  readonly origins: Origins;
  readonly directory: string;
  readonly wrk: string;
}

/** The length of a measurement and, for a fixed rate, its rate. */
export interface Pace {
  readonly seconds: number;
  /** Requests per second where the load asks for a fixed rate. */
  readonly rate: number | undefined;
}

export interface Outcome {
  readonly figures: Figures;
  readonly faults: readonly string[];
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** Milliseconds until memory is read after tunnels were opened. */
const SETTLE = 2_000;
/** Milliseconds without a message after which a load program has failed. */
const PROGRAM_LIMIT = 120_000;

/** Runs `load` against `instance` once, and reads its processor time from the kernel. */
export async function measure(lab: Lab, instance: Instance, load: Load, pace: Pace): Promise<Outcome> {
  switch (load.kind) {
    case 'requests': {
      const result = await timed(instance, () => putRequests(lab, instance, load, pace));
      return outcome(instance, result, { ...perUnit(result), rate: perSecond(result) });
    }
    case 'exchanges': {
      const { lanes } = load;
      const args: ExchangeArguments = { ...ports(lab, instance), lanes, seconds: pace.seconds };
      const result = await timed(instance, () => runProgram(lab, 'exchanges', args));
      return outcome(instance, result, { ...perUnit(result), rate: perSecond(result) });
    }
    case 'volume': {
      const args: VolumeArguments = { ...ports(lab, instance), bytes: load.bytes, seconds: pace.seconds };
      const result = await timed(instance, () => runProgram(lab, 'volume', args));
      return outcome(instance, result, volumeFigures(result, load.bytes));
    }
    case 'idle':
      return measureIdle(lab, instance, load.tunnels);
  }
}

interface TimedResult extends LoadResult {
  readonly spent: ProcessorTime;
}

/** Runs `work` and adds the processor time that the instance's process tree spent meanwhile. */
async function timed(instance: Instance, work: () => Promise<LoadResult>): Promise<TimedResult> {
  const before = spentBy(instance.process);
  const result = await work();
  const after = spentBy(instance.process);
  return { ...result, spent: { user: after.user - before.user, system: after.system - before.system } };
}

function spentBy(process: OwnedProcess | undefined): ProcessorTime {
  return process === undefined || !process.running ? { user: 0, system: 0 } : readProcessorTime(process.pid);
}

function outcome(instance: Instance, result: LoadResult, figures: Figures): Outcome {
  const { process } = instance;
  const faults = [...new Set(result.faults)];
  if (process !== undefined && !process.running) faults.push(`${process.command} ended: ${process.output}`);
  if (faults.length > 0) return { figures: {}, faults };
  const latency = result.p50 === undefined || result.p99 === undefined ? {} : { p50: result.p50, p99: result.p99 };
  return { figures: { ...figures, ...latency, ...memoryOf(process) }, faults };
}

function memoryOf(process: OwnedProcess | undefined): Figures {
  if (process === undefined) return {};
  const { pss, rss } = readMemory(process.pid);
  return { memory: pss / MIB, resident: rss / MIB };
}

function perUnit({ spent, completed }: TimedResult): Figures {
  if (spent.user + spent.system === 0) return {};
  const user = spent.user / completed;
  const system = spent.system / completed;
  return { processor: user + system, user, system };
}

function perSecond({ completed, duration }: LoadResult): number {
  return (completed * 1e6) / duration;
}

/** `bytes` are those of one volume. */
function volumeFigures({ spent, duration, completed }: TimedResult, bytes: number): Figures {
  const all = completed * bytes;
  const perGibibyte = ((spent.user + spent.system) / 1000) * (GIB / all);
  return { perGibibyte, throughput: all / MIB / (duration / 1e6) };
}

function ports(lab: Lab, instance: Instance): { proxyPort: number; targetPort: number } {
  return { proxyPort: instance.port, targetPort: lab.origins.tunnel };
}

async function putRequests(
  lab: Lab,
  instance: Instance,
  load: Extract<Load, { kind: 'requests' }>,
  pace: Pace,
): Promise<LoadResult> {
  if (load.halfCapacity === true && pace.rate === undefined) throw new Error('no rate for a load at a fixed rate');
  const wrkLoad: WrkLoad = {
    text: requestText(load.request, instance.form, lab.origins.http[0]),
    answer: load.request.answer,
    connections: load.connections,
    closesUnannounced: instance.closesUnannounced,
    ...(load.halfCapacity === true && pace.rate !== undefined ? { rate: pace.rate } : {}),
  };
  const scriptPath = join(lab.directory, 'wrk.lua');
  writeFileSync(scriptPath, wrkScript(wrkLoad));
  return runWrk(lab.processes, { program: lab.wrk, scriptPath }, instance.port, wrkLoad, pace.seconds);
}

/** Starts one of the programs in load/. */
function startProgram(lab: Lab, name: 'exchanges' | 'volume' | 'idle', args: object): OwnedProcess {
  const script = fileURLToPath(new URL(`load/${name}.ts`, import.meta.url));
  return lab.processes.start({
    core: LOAD_CORE,
    command: process.execPath,
    args: [script, JSON.stringify(args)],
    ipc: true,
  });
}

/** The next message of a load program; rejects when it ends without one, or says nothing for two minutes. */
function nextMessage(program: OwnedProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the load program said nothing for two minutes')), PROGRAM_LIMIT);
    program.child.once('message', (message) => {
      clearTimeout(timer);
      resolve(message);
    });
    void program.ended.then(() => {
      clearTimeout(timer);
      reject(new Error(`the load program ended without a result: ${program.output}`));
    });
  });
}

async function nextResult(program: OwnedProcess): Promise<LoadResult> {
  const message = await nextMessage(program);
  if (isLoadResult(message)) return message;
  throw new Error(`the load program said ${JSON.stringify(message)} instead of its result`);
}

async function runProgram(lab: Lab, name: 'exchanges' | 'volume', args: object): Promise<LoadResult> {
  const program = startProgram(lab, name, args);
  try {
    return await nextResult(program);
  } catch (error) {
    return { completed: 0, duration: 0, faults: [messageOf(error)] };
  } finally {
    await program.stop();
  }
}

/** Memory for each of many silent tunnels through a fresh instance. */
async function measureIdle(lab: Lab, instance: Instance, tunnels: number): Promise<Outcome> {
  const owner = instance.process;
  if (owner === undefined) throw new Error('there is no process whose memory could be read');
  await sleep(SETTLE / 2);
  const before = readMemory(owner.pid);
  const args: IdleArguments = { ...ports(lab, instance), tunnels };
  const program = startProgram(lab, 'idle', args);
  try {
    await nextMessage(program);
    await sleep(SETTLE);
    const after = readMemory(owner.pid);
    program.child.send('check');
    const result = await nextResult(program);
    return outcome(instance, result, { perTunnel: (after.pss - before.pss) / 1024 / tunnels });
  } catch (error) {
    return { figures: {}, faults: [messageOf(error)] };
  } finally {
    await program.stop();
  }
}
