import { Random } from '../../differential/inputs/random.ts';
import type { FuzzTarget } from '../targets/target.ts';
import { Coverage } from './coverage.ts';
import { mutateBytes } from './mutate-bytes.ts';

/** What came of fuzzing one target. */
export interface Fuzzed {
  readonly runs: number;
  /** Inputs that each run something that no other does. */
  readonly corpus: readonly Buffer[];
  readonly branches: number;
  readonly covered: number;
  /** The first input for which something did not hold, as small as it could be made, and what. */
  readonly finding: { readonly input: Buffer; readonly error: string } | undefined;
}

interface Task {
  readonly corpus: readonly Buffer[];
  readonly seed: number;
  /** Milliseconds. The corpus is run in any case. */
  readonly time: number;
  /** Told of every input before it runs. */
  readonly begins: (input: Buffer) => void;
}

/** Runs a target with the corpus, then with what changes make of it: what runs something new becomes part of the corpus. */
export async function fuzz(target: FuzzTarget, { corpus, seed, time, begins }: Task): Promise<Fuzzed> {
  const coverage = new Coverage(target.covers);
  const words = target.words.map((word) => Buffer.from(word, 'latin1'));
  const random = new Random(seed);
  const kept: Buffer[] = [];
  const end = performance.now() + time;
  let runs = 0;
  const failureOf = async (input: Buffer): Promise<string | undefined> => {
    runs += 1;
    begins(input);
    coverage.reset();
    try {
      const running = target.run(input);
      if (running !== undefined) await running;
      return undefined;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  };
  const inputs = function* (): Generator<Buffer> {
    yield* corpus.length === 0 ? [Buffer.alloc(0)] : corpus;
    while (performance.now() < end)
      yield mutateBytes(random.pick(kept), random.pick(kept), words, target.longest, random);
  };
  let finding: Fuzzed['finding'];
  for (const input of inputs()) {
    const error = await failureOf(input);
    if (error !== undefined) {
      const smaller = await shrink(input, failureOf);
      finding = { input: smaller, error: (await failureOf(smaller)) ?? error };
      break;
    }
    if (coverage.isNew() || kept.length === 0) kept.push(Buffer.from(input));
  }
  return { runs, corpus: kept, branches: coverage.size, covered: coverage.covered, finding };
}

/** Runs that shrinking may take. */
const MOST_TRIES = 2000;

/** Takes away pieces, as long as it still fails. */
async function shrink(input: Buffer, failureOf: (input: Buffer) => Promise<string | undefined>): Promise<Buffer> {
  let smallest = input;
  let tries = 0;
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length && tries < MOST_TRIES; tries += 1) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if ((await failureOf(without)) === undefined) at += size;
      else smallest = without;
    }
  }
  return smallest;
}

/** Small inputs that together run all that the corpus does, none of which could be left out. */
export async function minimise(target: FuzzTarget, corpus: readonly Buffer[]): Promise<readonly Buffer[]> {
  const coverage = new Coverage(target.covers);
  const all: { readonly input: Buffer; readonly features: readonly number[] }[] = [];
  for (const input of corpus) {
    coverage.reset();
    await target.run(input);
    all.push({ input, features: coverage.features() });
  }
  /** How many of those that are left run a feature. */
  const runners = new Map<number, number>();
  const count = (features: readonly number[], by: number): void => {
    for (const feature of features) runners.set(feature, (runners.get(feature) ?? 0) + by);
  };
  for (const { features } of all) count(features, 1);
  // The longest goes first.
  const kept = all
    .toSorted((a, b) => b.input.length - a.input.length)
    .filter(({ features }) => {
      const isNeeded = features.some((feature) => runners.get(feature) === 1);
      if (!isNeeded) count(features, -1);
      return isNeeded;
    });
  return kept.map(({ input }) => input).toReversed();
}
