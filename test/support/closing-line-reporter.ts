import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import { costlyFiles } from './tiers/costly-files.ts';

/** Of a counterexample, which may be of any size. */
const MOST_CHARACTERS = 1_000;

/**
 * Prints every failure once more, a line each that begins with `FAILED`, what passed only at a second try, as `FLAKY`, and
 * `N passed, N failed, N skipped` as the last line, for programs that read the output and for logs of which only the end is
 * kept.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const lines = errors.map((error) => `FAILED outside of tests: ${firstLine(error)}`);
    for (const module of modules) {
      const place = `${module.project.name} ${module.relativeModuleId}`;
      const tests = [...module.children.allTests()];
      for (const test of tests) count[test.result().state] += 1;
      const failed = tests.filter(hasFailed);
      lines.push(...failed.map((test) => `FAILED ${place} > ${test.fullName}: ${firstLine(errorOf(test))}`));
      const flaky = tests.filter((test) => test.diagnostic()?.flaky);
      lines.push(...flaky.map((test) => `FLAKY ${place} > ${test.fullName}: at first ${firstLine(errorOf(test))}`));
      // A file that fails without a failed test, for example because an import or a hook threw, counts as one.
      if (module.state() !== 'failed' || failed.length > 0) continue;
      count.failed += 1;
      lines.push(`FAILED ${place}: ${firstLine(module.errors()[0])}`);
    }
    const { passed, failed, skipped, pending } = count;
    // A project that sets none has no `env`, whatever its type says.
    const isShort = 'INBAND_TEST_SHORT' in { ...modules[0]?.project.config.env };
    console.log(
      [
        '',
        ...costlyFiles(modules, isShort),
        ...lines,
        `${passed} passed, ${failed + pending} failed, ${skipped} skipped`,
      ].join('\n'),
    );
  }
}

/** A pending test has not ended, so it has failed. */
function hasFailed(test: TestCase): boolean {
  const { state } = test.result();
  return state === 'failed' || state === 'pending';
}

function errorOf(test: TestCase): { message: string } | undefined {
  const result = test.result();
  return result.state === 'pending' ? { message: 'it did not end' } : result.errors?.[0];
}

/** The first line, and of a property what is needed to try it again: its seed and path, and the counterexample. */
function firstLine(error: { message: string } | undefined): string {
  if (error === undefined) return 'no error was given';
  const lines = error.message.split('\n');
  const isProperty = lines[0]?.startsWith('Property failed') === true;
  return isProperty ? lines.slice(0, 3).join(' ').slice(0, MOST_CHARACTERS) : (lines[0] ?? '');
}
