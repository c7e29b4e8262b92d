/**
 * How long a start takes, and the memory of a process that is idle:
 *
 *     pnpm bench:startup [rounds] [pattern of names]
 *
 * What is "a later start" has the compile cache of an earlier one, all others have none. Needs Linux. Prints a table in Markdown; docs/benchmarks/findings.md explains it. Each round starts everything once, so that whatever
 * else the machine does concerns all of it.
 */
import { median } from '../figures/statistics.ts';
import { freePorts } from '../processes/processes.ts';
import { casesOn } from './cases.ts';
import { Installed } from './installed.ts';
import { measureStart, type Start } from './measure.ts';

const [rounds = '5', pattern = ''] = process.argv.slice(2);
const MIB = 1024 * 1024;

const installed = new Installed();
try {
  const [port = 0] = await freePorts(1);
  const cases = casesOn(port, installed).filter(({ name }) => new RegExp(pattern).test(name));
  // A start of each, so that what the later ones read is there.
  for (const each of cases) if (each.cache !== undefined) await measureStart(each, port);
  const starts = new Map(cases.map(({ name }) => [name, [] as Start[]]));
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const each of cases) starts.get(each.name)?.push(await measureStart(each, port));
  }
  process.stdout.write(
    '| | first connection (least) | processor time (least) | memory | of each worker |\n| --- | ---: | ---: | ---: | ---: |\n',
  );
  for (const [name, all] of starts) process.stdout.write(`${row(name, all)}\n`);
} finally {
  installed.remove();
}

function row(name: string, starts: readonly Start[]): string {
  const accepted = starts.map((start) => start.accepted);
  const processor = starts.map((start) => start.processor);
  const own = mib(starts.map(({ memory }) => memory[0] ?? 0));
  const workers = starts.flatMap(({ memory }) => memory.slice(1));
  const times = [accepted, processor].map((all) => `${median(all).toFixed(0)} ms (${Math.min(...all).toFixed(0)})`);
  return `| ${[name, ...times, own, workers.length === 0 ? '' : mib(workers)].join(' | ')} |`;
}

function mib(bytes: readonly number[]): string {
  return `${(median(bytes) / MIB).toFixed(1)} MiB`;
}
