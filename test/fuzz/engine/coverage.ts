/** Where the instrumented sources have their counters. */
export const COUNTERS = 'istanbulCounters';

/** The counters of istanbul: branches of one file, each with a number for every way. */
interface FileCounters {
  readonly b: Readonly<Record<string, number[]>>;
}

/** Which branches ran, and about how often: once, twice, up to 7, up to 127, more. */
const STEPS = [1, 2, 4, 8, 128];

/** Reads the counters of the instrumented sources. */
export class Coverage {
  readonly #branches: readonly number[][];
  readonly #seen: Uint8Array;
  readonly size: number;

  /** Of the sources whose path matches. */
  constructor(covers: RegExp) {
    const files = (globalThis as { [COUNTERS]?: Readonly<Record<string, FileCounters>> })[COUNTERS] ?? {};
    const meant = Object.entries(files).filter(([path]) => covers.test(path));
    if (meant.length === 0) throw new Error(`No source that is instrumented matches ${covers}.`);
    this.#branches = meant.flatMap(([, { b }]) => Object.values(b));
    this.size = this.#branches.reduce((sum, ways) => sum + ways.length, 0);
    this.#seen = new Uint8Array(this.size);
  }

  /** Begins a run: nothing has been counted. */
  reset(): void {
    for (const ways of this.#branches) for (let way = 0; way < ways.length; way += 1) ways[way] = 0;
  }

  /** What ran since `reset`: one number for each branch and step. */
  features(): number[] {
    const features: number[] = [];
    let index = 0;
    for (const ways of this.#branches) {
      for (const count of ways) {
        if (count > 0) features.push(index * STEPS.length + stepOf(count));
        index += 1;
      }
    }
    return features;
  }

  /** Whether anything ran as it never had before. Remembers it. */
  isNew(): boolean {
    let isNew = false;
    let index = 0;
    for (const ways of this.#branches) {
      for (const count of ways) {
        if (count > 0) {
          const bit = 1 << stepOf(count);
          if (((this.#seen[index] ?? 0) & bit) === 0) {
            this.#seen[index] = (this.#seen[index] ?? 0) | bit;
            isNew = true;
          }
        }
        index += 1;
      }
    }
    return isNew;
  }

  /** Branches that ran at all. */
  get covered(): number {
    return this.#seen.reduce((sum, bits) => sum + (bits === 0 ? 0 : 1), 0);
  }
}

function stepOf(count: number): number {
  let step = STEPS.length - 1;
  while ((STEPS[step] ?? 0) > count) step -= 1;
  return step;
}
