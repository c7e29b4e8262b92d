/**
 * Measures what clients notice of a fault: the 50th and the 99th hundredth of their times with it and without it, in turns, by whose medians they are
 * compared. `node test/netns/cluster/measure-faults.ts [redis|nats] [WORKERS] [ROUNDS] [FAULT…]`, as root. Timings decide nothing by themselves, because
 * they are those of a machine that may be busy.
 */
import { ClusterLab } from './cluster-lab.ts';
import { configurationOf, PORTS } from './configuration.ts';
import { FAULTS, MOVABLE_CLOCK } from './faults.ts';
import type { LoadReport } from './load-protocol.ts';
import { MEMBERS } from './machines/network.ts';

/** Milliseconds of one turn, and those after it that are not counted as well, in which all comes back. */
const TURN = 6_000;
const PAUSE = 3_000;

interface Turn {
  readonly median: number;
  readonly high: number;
  readonly failures: readonly string[];
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function turnOf(report: LoadReport): Turn {
  const sorted = report.targets.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b);
  return {
    median: at(sorted, 0.5),
    high: at(sorted, 0.99),
    failures: report.targets.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
  };
}

function middle(values: readonly number[]): number {
  return at(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const [kind = 'redis', workers = '1', rounds = '5', ...names] = process.argv.slice(2);
if (kind !== 'redis' && kind !== 'nats') throw new Error(`There is no store "${kind}".`);
const faults = FAULTS.filter(({ name }) => names.length === 0 || names.includes(name));
const lab = await ClusterLab.create(kind, { hasRelay: faults.some(({ name }) => name === 'slow') });
try {
  const config = (index: number) =>
    configurationOf(index, {
      url: lab.store.url,
      workers: Number(workers),
      folder: lab.folderOf(index),
      secret: lab.secret,
      deadline: '50ms',
    });
  const start = (_: string, index: number) =>
    lab.startMember(index, config(index), { hasMovableClock: index === MOVABLE_CLOCK });
  await Promise.all(MEMBERS.map(start));
  const load = await lab.load(
    MEMBERS.flatMap((address) => [
      { name: `free at ${address}`, to: `${address}:${PORTS.free}`, perSecond: 100 },
      { name: `limited at ${address}`, to: `${address}:${PORTS.limited}`, perSecond: 25, expected: [200, 503] },
    ]),
  );
  await wait(PAUSE);
  for (const fault of faults) {
    const turns: { readonly without: Turn; readonly with: Turn }[] = [];
    for (let round = 0; round < Number(rounds); round += 1) {
      await fault.prepare?.(lab);
      await wait(PAUSE);
      await load.report();
      await wait(TURN);
      const without = turnOf(await load.report());
      await fault.begin(lab);
      await wait(TURN);
      turns.push({ without, with: turnOf(await load.report()) });
      await fault.end(lab);
    }
    const failed = turns.flatMap((turn) => [...turn.without.failures, ...turn.with.failures]);
    const shown = (['median', 'high'] as const).map((which) => {
      const without = middle(turns.map((turn) => turn.without[which]));
      const having = middle(turns.map((turn) => turn.with[which]));
      return `${having.toFixed(2)} ms, without ${without.toFixed(2)} ms, ratio ${(having / without).toFixed(2)}`;
    });
    console.log(
      `${kind}, ${workers} workers, ${fault.name}: p50 ${shown[0]}; p99 ${shown[1]}; failed ${failed.length}`,
    );
    for (const failure of failed.slice(0, 5)) console.log(`  ${failure}`);
  }
  await load.finish();
} finally {
  await lab.close();
}
