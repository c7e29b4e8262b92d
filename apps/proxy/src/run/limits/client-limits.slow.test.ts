import { descriptorLimit, type Logger } from '@inband/core';
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { clientLimits } from './client-limits.ts';
import { clientsWithin } from './descriptor-shares.ts';

const NONE = {
  connections: undefined,
  perClient: { connections: undefined },
  partialHeads: 2 ** 20,
  overloadAfter: 1_000,
};

function deps(descriptors: number | undefined, workers = 1) {
  const lines: { readonly fields: object; readonly message: string }[] = [];
  let at = 0;
  const warn: Logger['warn'] = (fields, message) => void lines.push({ fields, message });
  const logger: Logger = { debug() {}, info() {}, warn, error() {} };
  return {
    lines,
    pass: (milliseconds: number) => void (at += milliseconds),
    deps: { logger, workers, descriptors, makeRoom: () => undefined, now: () => at },
  };
}

/** How many clients a gate lets in before it is full. */
function room(gate: ReturnType<typeof clientLimits>): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is looked at
  const next = () => ({ remote: { family: 'unix', path: '' } }) as Parameters<typeof gate.enter>[0];
  let entered = 0;
  for (; !gate.isFull && entered < 100_000; entered += 1) gate.enter(next());
  return entered;
}

test('each client has a descriptor for itself, one for a server, and something is left', () => {
  expect(clientsWithin(256)).toBe(88);
  expect(clientsWithin(1024)).toBe(424);
  expect(clientsWithin(20)).toBe(1);
  for (const descriptors of [256, 1024, 65_536]) {
    expect(descriptors - clientsWithin(descriptors)).toBeGreaterThan(descriptors / 3);
  }
});

test.runIf(process.platform === 'linux')('the limit of descriptors is that of this process', () => {
  const limit = descriptorLimit();
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  expect(String(limit ?? 'unlimited')).toBe(stdout.trim());
});

test('by default there is room for as many as descriptors permit, and without those no limit', () => {
  expect(room(clientLimits(NONE, deps(1024).deps))).toBe(424);
  expect(room(clientLimits(NONE, deps(undefined).deps))).toBe(100_000);
});

test('workers share what is written', () => {
  expect(room(clientLimits({ ...NONE, connections: 10 }, deps(1024, 4).deps))).toBe(3);
});

test('more than descriptors permit is warned of', () => {
  const { lines, deps: with_ } = deps(1024);
  clientLimits({ ...NONE, connections: 425 }, with_);
  expect(lines.map(({ message }) => message).join()).toMatch(/more than the descriptors .* raise ulimit -n/);
});

test('a limit that is met again and again gets one line in ten seconds', () => {
  const { lines, deps: with_, pass } = deps(undefined);
  const gate = clientLimits({ ...NONE, connections: 1 }, with_);
  for (let times = 0; times < 5; times += 1) gate.whenFree(() => undefined);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ fields: { setting: 'limits.connections' } });
  pass(10_000);
  gate.whenFree(() => undefined);
  expect(lines).toHaveLength(2);
});

test('an overload gets one line in ten seconds, with how many clients were reset since the last one, and each is counted', () => {
  const { lines, deps: with_, pass } = deps(undefined);
  let counted = 0;
  const gate = clientLimits(NONE, { ...with_, countedResets: (count) => void (counted += count) });
  expect(gate.overloadAfter).toBe(1_000);
  for (let times = 0; times < 3; times += 1) gate.overloaded(5);
  pass(10_000);
  gate.overloaded(5);
  const message = 'more clients come than there is time for: reset some';
  expect(lines).toEqual([
    { fields: { setting: 'limits.overloadAfter', clients: 5 }, message },
    { fields: { setting: 'limits.overloadAfter', clients: 15 }, message },
  ]);
  expect(counted).toBe(20);
  expect(clientLimits({ ...NONE, overloadAfter: 'never' }, with_).overloadAfter).toBe(Infinity);
});

test('when no descriptor is left for another client idle connections are closed, and the log says what to raise, not more than once in ten seconds', () => {
  const { lines, deps: with_ } = deps(undefined);
  let closed = 0;
  const gate = clientLimits(NONE, { ...with_, makeRoom: () => void (closed += 1) });
  for (let times = 0; times < 3; times += 1) gate.exhausted();
  expect(closed).toBe(3);
  expect(lines).toEqual([
    {
      fields: { setting: 'ulimit -n' },
      message: 'no descriptor or memory is left for another client: the next ones wait',
    },
  ]);
});
