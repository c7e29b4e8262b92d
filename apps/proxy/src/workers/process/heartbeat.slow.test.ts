import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Heartbeat, INTERVAL, processorWait, STARTING_LIMIT } from './heartbeat.ts';

const LIMIT = 2_000;

function create() {
  const clock = { now: 0, waited: 0, asked: 0, silent: [] as number[] };
  const heartbeat = new Heartbeat({
    limit: LIMIT,
    ask: () => (clock.asked += 1),
    waited: () => clock.waited,
    now: () => clock.now,
    onSilent: (milliseconds) => clock.silent.push(milliseconds),
  });
  const tick = (times = 1, { passing = INTERVAL, waiting = 0 } = {}): void => {
    for (let count = 0; count < times; count += 1) {
      clock.now += passing;
      clock.waited = waiting;
      heartbeat.tick();
    }
  };
  return { clock, heartbeat, tick };
}

/** One that has been started. */
function running() {
  const made = create();
  made.tick();
  made.heartbeat.answered();
  return made;
}

test('one question is open at a time, and who answers is never given up', () => {
  const { clock, heartbeat, tick } = running();
  for (let count = 0; count < 100; count += 1) {
    tick(4);
    heartbeat.answered();
  }
  expect(clock).toMatchObject({ asked: 101, silent: [] });
});

test('who does not answer is given up once, after the limit', () => {
  const { clock, tick } = running();
  tick(1 + LIMIT / INTERVAL - 1);
  expect(clock.silent).toEqual([]);
  tick(20);
  expect(clock.silent).toEqual([LIMIT]);
});

test('who has never answered has longer, for its start', () => {
  const { clock, tick } = create();
  tick(STARTING_LIMIT / INTERVAL);
  expect(clock.silent).toEqual([]);
  tick();
  expect(clock.silent).toEqual([STARTING_LIMIT]);
});

test('waiting for a processor counts a third', () => {
  const { clock, tick } = running();
  tick(1 + (LIMIT / INTERVAL) * 3 - 1, { waiting: INTERVAL });
  expect(clock.silent).toEqual([]);
  tick(2, { waiting: INTERVAL });
  expect(clock.silent).toHaveLength(1);
});

test('who loads a configuration has as long as at its start', () => {
  const { clock, heartbeat, tick } = running();
  heartbeat.isBusy = true;
  tick(STARTING_LIMIT / INTERVAL);
  expect(clock.silent).toEqual([]);
  tick();
  expect(clock.silent).toEqual([STARTING_LIMIT]);
});

test('time in which this process did not run itself counts little', () => {
  const { clock, heartbeat, tick } = running();
  tick();
  tick(1, { passing: 3_600_000 });
  heartbeat.answered();
  tick(3);
  expect(clock.silent).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'a stopped, a sleeping and a spinning process do not wait for a processor',
  async () => {
    const spinning = spawn(process.execPath, ['-e', 'console.log(1); while (true);']);
    await once(spinning.stdout, 'data');
    try {
      const waited = processorWait(spinning.pid ?? 0);
      const begun = performance.now();
      await wait(1_000);
      const passed = performance.now() - begun;
      // On a machine with nothing else to do it would be 0.
      expect(waited(passed)).toBeLessThan(passed);
      process.kill(spinning.pid ?? 0, 'SIGSTOP');
      await expect.poll(() => waited(1_000)).toBe(0);
    } finally {
      spinning.kill('SIGKILL');
    }
    expect(processorWait(2 ** 30)(1_000)).toBe(0);
  },
);
