import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const module = new URL('late-optimising.ts', import.meta.url).href;

/** Says whether Turbofan has optimised a function that runs often: with a small configuration, with a large one, and after the start. */
const PROGRAM = `
  import { setTimeout as wait } from 'node:timers/promises';
  import { optimiseAgain, optimiseLater } from ${JSON.stringify(module)};
  const TURBOFANNED = 1 << 5;
  let made = 0;
  const work = () => new Function('n', 'return (n * n + ' + (made += 1) + ') % 1009');
  const isOptimised = (each) => (%GetOptimizationStatus(each) & TURBOFANNED) !== 0;
  const run = async (each, calls) => {
    for (let call = 0; call < calls && !isOptimised(each); call += 1) {
      each(call % 17);
      if (call % 1_000 === 0) await wait(20);
    }
    return isOptimised(each);
  };
  // Or what it calls becomes part of it.
  %NeverOptimizeFunction(run);
  const source = (size) => ({ files: { texts: { one: 'x'.repeat(size / 2), two: 'x'.repeat(size / 2) }, folders: {} } });
  const found = [];
  optimiseLater(source(1_000));
  found.push(await run(work(), 50_000));
  optimiseLater(source(1_000_000));
  const held = work();
  found.push(await run(held, 50_000));
  optimiseAgain();
  found.push(await run(held, 500_000));
  process.stdout.write(JSON.stringify(found));
`;

function optimised(...flags: string[]): unknown {
  const args = [...flags, '--allow-natives-syntax', '--input-type=module', '--eval', PROGRAM];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

test('with a large configuration, V8 optimises only what runs after the start', () => {
  expect(optimised()).toEqual([true, false, true]);
});

test('who starts it with a value of their own keeps that, in either spelling', () => {
  expect(optimised('--invocation-count-for-turbofan=2000')).toEqual([true, true, true]);
  expect(optimised('--invocation_count_for_turbofan=2000')).toEqual([true, true, true]);
});
