import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const flags = new URL('../../bin/engine-flags.mjs', import.meta.url).href;

/** Allocates as connections do, some of which are open at any time, until the young generation has grown or too much was allocated. */
const PROGRAM = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { growUnderLoad, setEngineFlags } from ${JSON.stringify(flags)};
  setEngineFlags();
  growUnderLoad();
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
