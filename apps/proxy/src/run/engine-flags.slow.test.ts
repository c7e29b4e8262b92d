import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const flags = new URL('../../bin/engine-flags.mjs', import.meta.url).href;

/**
 * Keeps what it allocates until V8 has collected everything, or too much was allocated, and waits until V8 plans one more collection for the time after.
 */
const busy = (also: string): string => `
  import { constants, PerformanceObserver } from 'node:perf_hooks';
  import { setEngineFlags, setServingFlags } from ${JSON.stringify(flags)};
  setEngineFlags();
  ${also}
  // They are set after an interval of a second.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const kept = [];
  let collected = false;
  new PerformanceObserver((list) => {
    collected ||= list.getEntries().some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
  }).observe({ entryTypes: ['gc'] });
  for (let turn = 0; turn < 200 && !collected; turn += 1) {
    for (let count = 0; count < 10_000; count += 1) kept.push(new Array(30).fill(count));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  process.stdout.write(collected ? '' : 'nothing collected');
`;

/** V8 says what it plans, and plans it soon. */
const PLANNING = ['--trace-memory-reducer', '--gc-memory-reducer-start-delay-ms=20', '--memory-reducer-delay-ms=20'];

function plansOf(also: string, ...chosen: string[]): number {
  const args = [...PLANNING, ...chosen, '--input-type=module', '--eval', busy(also)];
  const said: string = execFileSync(process.execPath, args, { encoding: 'utf8' });
  expect(said).not.toContain('nothing collected');
  return said.match(/Memory reducer: waiting for/g)?.length ?? 0;
}

/** Allocates as connections do, some of which are open at any time, until the young generation has grown or too much was allocated. */
const PROGRAM = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { setEngineFlags, setServingFlags } from ${JSON.stringify(flags)};
  setEngineFlags();
  setServingFlags();
  const start = performance.now();
  const young = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20;
  let open = [];
  let first = 0;
  const load = setInterval(() => {
    for (let count = 0; count < 3_000; count += 1) open.push(new Array(30).fill(count));
    open = open.slice(-1_500);
    const passed = performance.now() - start;
    if (passed < 800) first = Math.max(first, young());
    if (young() < 6 && passed < 15_000) return;
    clearInterval(load);
    process.stdout.write(JSON.stringify([first, young()]));
  }, 5);
`;

test('under load the young generation grows, but not at once', () => {
  const args = ['--input-type=module', '--eval', PROGRAM];
  const [first = 0, grown = 0]: number[] = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  // Both halves of 1 MiB, and what V8 is about to give back.
  expect(first).toBeLessThanOrEqual(4);
  expect(grown).toBeGreaterThanOrEqual(6);
});

test('V8 plans no collection for the pause after a load, which would give up optimised code', () => {
  // Without it V8 does, so the test tells if V8 no longer knows the flag.
  expect(plansOf('')).toBeGreaterThan(0);
  expect(plansOf('setServingFlags();')).toBe(0);
  // Who chooses a count keeps it.
  expect(plansOf('setServingFlags();', '--memory-reducer-gc-count=2')).toBeGreaterThan(0);
});
