import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Asker, Asking, NEVER, PACE, RENEWED } from './asking.ts';

const MANY = 5_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

class Holder implements Asker {
  askedAt = NEVER;
  dueAt = Infinity;
  readonly #answered: () => Promise<void>;
  readonly #asked: () => void;

  constructor(asked: () => void, answered: () => Promise<void> = () => Promise.resolve()) {
    this.#asked = asked;
    this.#answered = answered;
  }

  ask(): boolean {
    this.#asked();
    return true;
  }

  end(): Promise<void> {
    return this.#answered();
  }
}

function many(make: () => Holder): Asking {
  const asking = new Asking(() => performance.now());
  for (let count = 0; count < MANY; count += 1) asking.request(make());
  return asking;
}

test('thousands that have begun at the same moment say again one after the other that they are there, none later than twice the time', async () => {
  const asked: number[] = [];
  const asking = many(() => new Holder(() => asked.push(performance.now())));
  await vi.advanceTimersByTimeAsync(1);
  expect(asked.splice(0)).toHaveLength(MANY);
  await vi.advanceTimersByTimeAsync(2 * RENEWED + PACE);
  const perPace = Map.groupBy(asked.slice(0, MANY), (at) => Math.floor(at / PACE));
  expect(Math.max(...Array.from(perPace.values(), ({ length }) => length))).toBeLessThanOrEqual(MANY / 50);
  expect(asked.length).toBeGreaterThanOrEqual(MANY);
  await asking.close();
});

test('thousands end one after the other, and in bounded time if nobody answers soon', async () => {
  let [ending, most, ended] = [0, 0, 0];
  const slow = async (): Promise<void> => {
    ending += 1;
    most = Math.max(most, ending);
    await new Promise((done) => setTimeout(done, 100));
    ending -= 1;
    ended += 1;
  };
  const asking = many(() => new Holder(() => undefined, slow));
  await vi.advanceTimersByTimeAsync(1);
  const begun = performance.now();
  const closed = asking.close().then(() => performance.now() - begun);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await closed).toBeLessThan(700);
  expect(most).toBe(64);
  expect(ended).toBeGreaterThanOrEqual(5 * 64);
});
