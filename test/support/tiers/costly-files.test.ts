import { expect, test } from 'vitest';
import type { TestModule } from 'vitest/node';
import { costlyFiles } from './costly-files.ts';

function ran(count: number): TestModule[] {
  return Array.from({ length: count }, (_, index) => {
    const meta = index % 2 === 0 ? { processorTime: index } : {};
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is looked at of it
    return { relativeModuleId: `${index}.test.ts`, meta: () => meta } as TestModule;
  });
}

test('the ten files that cost most are named, where a whole tier has run', () => {
  const lines = costlyFiles(ran(300), true);
  expect(lines[0]).toBe('The tests of the fast tier took 22.4 s of processor time, of which most:');
  expect(lines.slice(1, -1)).toHaveLength(10);
  expect(lines.slice(1, 3)).toEqual(['   298 ms 298.test.ts', '   296 ms 296.test.ts']);
});

test('`pnpm test:fast` is told when it is more than it is to be, and the whole tier is not', () => {
  expect(costlyFiles(ran(500), true).at(-2)).toMatch(/^That is more than 24 s: /);
  expect(costlyFiles(ran(500), false).join('\n')).not.toContain('That is more');
  expect(costlyFiles(ran(300), true).join('\n')).not.toContain('That is more');
});

test('nothing is said of costs where a few files have run', () => expect(costlyFiles(ran(100), true)).toEqual([]));
