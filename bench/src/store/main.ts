/**
 * What a call of a shared store costs: processor time of the store, and of the process that asks:
 *
 *     pnpm bench:store [--calls 20000] [--rounds 3] [redis | nats]
 *
 * The store has one core, the process that asks the other. It prints a table in Markdown; docs/scale.md explains it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../figures/statistics.ts';
import { readProcessorTime } from '../processes/proc.ts';
import { freePorts, LOAD_CORE, type OwnedProcess, Processes, PROXY_CORE, waitForPort } from '../processes/processes.ts';
import { findProgram, pinSelf } from '../processes/tools.ts';
import { callMany, type MeasuredCall, MEASURED_CALLS, openWhenThere } from './calls.ts';

const { values: options, positionals } = parseArgs({
  options: { calls: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
});
const [only] = positionals;
/** As many as a machine has on their way under load. */
const AT_ONCE = 32;

/** Of one call, in microseconds. */
interface Cost {
  readonly store: number;
  readonly own: number;
  readonly perSecond: number;
}

const folder = mkdtempSync(join(tmpdir(), 'inband-store-'));
const processes = new Processes();
try {
  pinSelf(LOAD_CORE);
  process.stdout.write('| store | call | store, µs | own, µs | calls/s |\n| --- | --- | ---: | ---: | ---: |\n');
  for (const type of ['redis', 'nats'] as const) if (only === undefined || only === type) await measure(type);
} finally {
  await processes.stopAll();
  rmSync(folder, { recursive: true });
}

async function measure(type: 'redis' | 'nats'): Promise<void> {
  const [port = 0] = await freePorts(1);
  const command = findProgram(`${type}-server`);
  if (command === undefined) return void process.stderr.write(`${type}-server is not installed.\n`);
  const args =
    type === 'redis'
      ? ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
      : ['--addr', '127.0.0.1', '--port', `${port}`, '--jetstream', '--store_dir', folder];
  const server = processes.start({ core: PROXY_CORE, command, args });
  await waitForPort(port, server);
  const store = await openWhenThere(type, port);
  for (const call of MEASURED_CALLS) {
    await call.prepare?.(store);
    const costs: Cost[] = [];
    for (let round = 0; round < Number(options.rounds); round += 1) {
      costs.push(await costOf(call, server, (count) => callMany(store, call, count, AT_ONCE)));
    }
    const of = (pick: (cost: Cost) => number): number => median(costs.map(pick));
    const figures = [of((cost) => cost.store).toFixed(1), of((cost) => cost.own).toFixed(1)];
    const cells = [type, call.name, ...figures, of((cost) => cost.perSecond).toFixed(0)];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
  await store.close();
  await server.stop();
}

async function costOf(
  { name }: MeasuredCall,
  server: OwnedProcess,
  callTimes: (count: number) => Promise<void>,
): Promise<Cost> {
  // A list of a thousand members is worth many calls.
  const count = Math.ceil(Number(options.calls) / (name.startsWith('list') ? 100 : 1));
  await callTimes(Math.ceil(count / 10));
  const before = readProcessorTime(server.pid);
  const own = process.cpuUsage();
  const begun = performance.now();
  await callTimes(count);
  const passed = performance.now() - begun;
  const used = process.cpuUsage(own);
  const after = readProcessorTime(server.pid);
  return {
    store: (after.user + after.system - before.user - before.system) / count,
    own: (used.user + used.system) / count,
    perSecond: (count * 1_000) / passed,
  };
}
