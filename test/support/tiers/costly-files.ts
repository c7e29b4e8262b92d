import type { TestModule } from 'vitest/node';

/** Of fewer files nobody asks which ones cost most. */
const MANY = 100;
const SHOWN = 10;

/**
 * Where a whole fast tier has run: its processor time, and the files that took most of it, a line each. Only told: how long
 * something takes depends on the machine, so no test fails by it.
 */
export function costlyFiles(modules: readonly TestModule[]): string[] {
  const files = modules.flatMap((module) => {
    const { processorTime } = module.meta();
    return processorTime === undefined ? [] : [{ name: module.relativeModuleId, processorTime }];
  });
  if (files.length < MANY) return [];
  const all = files.reduce((sum, { processorTime }) => sum + processorTime, 0);
  const costly = files.toSorted((one, other) => other.processorTime - one.processorTime).slice(0, SHOWN);
  return [
    `The tests of the fast tier took ${(all / 1_000).toFixed(1)} s of processor time, of which most:`,
    ...costly.map(({ name, processorTime }) => `${processorTime.toString().padStart(6)} ms ${name}`),
    '',
  ];
}
