import type { TestModule } from 'vitest/node';

/** Of fewer files nobody asks which ones cost most. */
const MANY = 100;
const SHOWN = 10;

/** Seconds of processor time that `pnpm test:fast` is to take, so that two processors do it in 20. */
const MOST = 24;

/**
 * Where a whole fast tier has run: its processor time, and the files that took most of it, a line each. Only told: how long
 * something takes depends on the machine, so no test fails by it. `isShort`: it is `pnpm test:fast`, which is told when it is more
 * than it is to be.
 */
export function costlyFiles(modules: readonly TestModule[], isShort: boolean): string[] {
  const files = modules.flatMap((module) => {
    const { processorTime } = module.meta();
    return processorTime === undefined ? [] : [{ name: module.relativeModuleId, processorTime }];
  });
  if (files.length < MANY) return [];
  const all = files.reduce((sum, { processorTime }) => sum + processorTime, 0);
  const isMuch = isShort && all > MOST * 1_000;
  const costly = files.toSorted((one, other) => other.processorTime - one.processorTime).slice(0, SHOWN);
  return [
    `The tests of the fast tier took ${(all / 1_000).toFixed(1)} s of processor time, of which most:`,
    ...costly.map(({ name, processorTime }) => `${processorTime.toString().padStart(6)} ms ${name}`),
    ...(isMuch
      ? [`That is more than ${MOST} s: on a busy machine, or because of what belongs into *.long.test.ts.`]
      : []),
    '',
  ];
}
