import { configureGlobal } from 'fast-check';
import { pathToFileURL } from 'node:url';
import { chai, TestRunner, type RunnerTestFile, type RunnerTestSuite, type TestRunnerConfig } from 'vitest';
import { lookEvery } from '../tiers/patience.ts';
import { runs } from '../tiers/runs.ts';
import { checkNothingRefused, refuseProcesses } from './no-processes.ts';
import { resolveByPath } from './resolve-by-path.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Of a file of the fast tier: milliseconds of processor time that its tests took. */
    processorTime?: number;
  }
}

/** Milliseconds: what these tests wait for happens in the process, mostly within one. */
const LOOKS = 5;

/** How often a property is tried that does not say how often. */
const USUAL_RUNS = 100;

// Watch mode wants to be told which file imports which.
if (process.env.VITEST_MODE !== 'WATCH') resolveByPath();
// Behind that, because it imports all of packages/core.
const { forgetFile } = await import('./shared-process.ts');

/** How often each file was imported in this process. */
const imported = new Map<string, number>();
let isPrepared = false;

/**
 * Runs files of the fast tier, which share a process. It does for each of them what set-up files would, which Vitest imports
 * anew for each: that was a fifth of the tier's processor time.
 */
export default class FastTierRunner extends TestRunner {
  #before = process.cpuUsage();

  constructor(config: TestRunnerConfig) {
    super(config);
    if (isPrepared) return;
    isPrepared = true;
    refuseProcesses();
    lookEvery(LOOKS);
    configureGlobal({ numRuns: runs(USUAL_RUNS) });
    // What is said of a misspelt matcher, which the compiler finds, would cost half of each `expect`.
    chai.config.useProxy = false;
  }

  /** Vitest's own adds the time to the URL, so that the compile cache of Node.js would keep every time of a file for ever. */
  override importFile(path: string): unknown {
    const times = (imported.get(path) ?? 0) + 1;
    imported.set(path, times);
    const { href } = pathToFileURL(path);
    return import(times === 1 ? href : `${href}?time=${times}`);
  }

  override onCollectStart(file: RunnerTestFile): void {
    this.#before = process.cpuUsage();
    super.onCollectStart(file);
  }

  override async onAfterRunSuite(suite: RunnerTestSuite): Promise<void> {
    if ('filepath' in suite) await this.#end(suite);
    await super.onAfterRunSuite(suite);
  }

  async #end(file: RunnerTestSuite): Promise<void> {
    try {
      await forgetFile();
      checkNothingRefused();
    } catch (error) {
      const errors = [...(file.result?.errors ?? []), asTestError(error)];
      file.result = { ...file.result, state: 'fail', errors };
    }
    const { user, system } = process.cpuUsage(this.#before);
    file.meta.processorTime = Math.round((user + system) / 1_000);
  }
}

function asTestError(error: unknown) {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack, stacks: [] };
}
