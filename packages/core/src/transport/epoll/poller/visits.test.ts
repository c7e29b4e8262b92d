import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NOTHING, type Outcome } from './outcome.ts';
import { Visits } from './visits.ts';
import { Watched } from './watched.ts';

/** An owner of a descriptor that counts its visits. */
class Visited extends Watched {
  times = 0;
  readonly #react: (() => void) | undefined;

  constructor(react?: () => void) {
    super();
    this.#react = react;
  }

  override onEvents(): Outcome {
    return NOTHING;
  }

  override onWork(): Outcome {
    return NOTHING;
  }

  override onVisit(): void {
    this.times += 1;
    this.#react?.();
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('all owners are visited once, some seconds after the first of any number of requests', () => {
  const watched = [new Visited(), undefined, new Visited()];
  const visits = new Visits(watched);
  visits.request();
  vi.advanceTimersByTime(4_000);
  visits.request();
  expect(watched.map((one) => one?.times)).toEqual([0, undefined, 0]);
  vi.advanceTimersByTime(60_000);
  expect(watched.map((one) => one?.times)).toEqual([1, undefined, 1]);
  expect(vi.getTimerCount()).toBe(0);
});

test('whoever comes later is visited when somebody asks again', () => {
  const watched = [new Visited()];
  const visits = new Visits(watched);
  visits.request();
  vi.advanceTimersByTime(10_000);
  watched.push(new Visited());
  visits.request();
  vi.advanceTimersByTime(10_000);
  expect(watched.map(({ times }) => times)).toEqual([2, 1]);
});

test('of thousands only some are visited at one time, and the rest soon after', () => {
  const watched = Array.from({ length: 1_000 }, () => new Visited());
  const visits = new Visits(watched);
  visits.request();
  vi.advanceTimersByTime(5_000);
  const visited = (): number => watched.filter(({ times }) => times === 1).length;
  expect(visited()).toBeGreaterThan(0);
  expect(visited()).toBeLessThan(500);
  vi.advanceTimersByTime(1_000);
  expect(visited()).toBe(1_000);
});

test('a request in the middle of a round, whose descriptor may be passed already, brings another round', () => {
  const watched: Visited[] = Array.from({ length: 1_000 }, () => new Visited());
  const visits = new Visits(watched);
  let asked = false;
  watched[700] = new Visited(() => {
    if (!asked) visits.request();
    asked = true;
  });
  visits.request();
  vi.advanceTimersByTime(60_000);
  expect(watched[0]!.times).toBe(2);
  expect(vi.getTimerCount()).toBe(0);
});

test('when nothing is watched any more, no timer is left', () => {
  const visits = new Visits([]);
  visits.request();
  visits.cancel();
  expect(vi.getTimerCount()).toBe(0);
});
