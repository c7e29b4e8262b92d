import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCorpus } from './corpus.ts';
import { bundleTargets } from './engine/bundle.ts';
import type { Fuzzed } from './engine/fuzzer.ts';
import { runTarget } from './engine/run-target.ts';
import { targetNames } from './target-names.ts';

/** Milliseconds for all targets together; `pnpm fuzz` takes ten minutes. */
const TIME = 30_000;
const LIMIT = 300_000;

let bundle: Awaited<ReturnType<typeof bundleTargets>>;

beforeAll(async () => {
  bundle = await bundleTargets();
}, LIMIT);
afterAll(() => bundle.remove());

function fuzzed(name: string, time: number): Promise<Fuzzed> {
  // By the day, so that every run looks at something else, and a day's runs at the same.
  const seed = Math.floor(Date.now() / 86_400_000);
  return runTarget(bundle.file, { name, corpus: loadCorpus(name), seed, time, minimise: false });
}

describe('whatever the bytes are', () => {
  test.each(targetNames)('all that must hold of %s holds', { timeout: LIMIT }, async (name) => {
    const { finding, runs, corpus, covered } = await fuzzed(name, TIME / targetNames.length);
    expect(finding === undefined ? '' : `${JSON.stringify(finding.input.toString('latin1'))}: ${finding.error}`).toBe(
      '',
    );
    // The corpus of the repository is used, and runs what it is there for.
    expect(Math.min(runs, corpus.length)).toBeGreaterThan(loadCorpus(name).length / 2);
    expect(covered).toBeGreaterThan(50);
  });
});
