/**
 * What a request allocates on V8's heap:
 *
 *     node bench/src/allocations/main.ts [--before FILE] [--inband FILE] [--case small,post] [--rounds 5] [--count 40000]
 *
 * Prints a table in Markdown; docs/benchmarks/README.md explains it. FILE is the `main.ts` of another checkout.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { median } from '../figures/statistics.ts';
import { type AllocationCase, CASES, caseNamed } from './cases.ts';
import type { Allocated } from './child.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
const OURS = fileURLToPath(new URL('../../../apps/proxy/src/main.ts', import.meta.url));
const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    inband: { type: 'string', default: OURS },
    case: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    count: { type: 'string', default: '40000' },
  },
});

/** A way from the client to the server. */
interface Way {
  readonly name: 'straight' | 'before' | 'now';
  /** The entry of the package whose proxy or network it is. */
  readonly index: string;
}

function entryBeside(main: string): string {
  const index = join(dirname(resolve(main)), 'index.ts');
  if (!existsSync(index))
    throw new Error(`${main}: there is no index.ts beside it; name apps/proxy/src/main.ts of a checkout.`);
  return index;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option}: expected a whole number, found "${text}"`);
  return number;
}

const now = entryBeside(values.inband);
const ways: Way[] = [
  { name: 'straight', index: now },
  ...(values.before === undefined ? [] : [{ name: 'before' as const, index: entryBeside(values.before) }]),
  { name: 'now', index: now },
];
const cases = values.case === undefined ? CASES : values.case.split(',').map(caseNamed);
const rounds = numberOf('rounds', values.rounds);
const count = String(numberOf('count', values.count));

async function measure({ name }: AllocationCase, way: Way): Promise<Allocated> {
  const end = way.name === 'straight' ? 'straight' : 'proxy';
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD, way.index, name, count, end]);
  const [bytes = Number.NaN, microseconds = Number.NaN] = stdout.split(' ').map(Number);
  return { bytes, microseconds };
}

/** Every way once in each round, and the middle counts. */
async function medians(one: AllocationCase): Promise<Map<Way['name'], Allocated>> {
  const all = new Map<Way['name'], Allocated[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another one.
    const turns = [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)];
    for (const way of turns) all.get(way.name)?.push(await measure(one, way));
  }
  return new Map(Array.from(all, ([name, found]) => [name, middleOf(found)]));
}

function middleOf(found: readonly Allocated[]): Allocated {
  return {
    bytes: median(found.map(({ bytes }) => bytes)),
    microseconds: median(found.map(({ microseconds }) => microseconds)),
  };
}

const columns = ways.map(({ name }) => name);
console.log(
  `| case | ${columns.map((name) => `${name}, bytes`).join(' | ')} | ${columns.map((name) => `${name}, µs`).join(' | ')} |${values.before === undefined ? '' : ' bytes now/before |'}`,
);
console.log(`| --- |${columns.map(() => ' --: | --: |').join('')}${values.before === undefined ? '' : ' --: |'}`);
for (const one of cases) {
  const found = await medians(one);
  const cells = [
    ...columns.map((name) => found.get(name)?.bytes.toFixed(0)),
    ...columns.map((name) => found.get(name)?.microseconds.toFixed(2)),
  ];
  const [before, after] = [found.get('before'), found.get('now')];
  if (before !== undefined && after !== undefined) cells.push((after.bytes / before.bytes).toFixed(3));
  console.log(`| ${one.name}: ${one.about} | ${cells.join(' | ')} |`);
}
