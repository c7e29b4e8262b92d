import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Flow } from './flow.ts';
import { Pace } from './pace.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const now = (): number => performance.now();

/** Reads `chunk` bytes at a time whenever it may, as a connection whose peer sends as fast as it can. */
class Reader {
  bytes = 0;
  readonly flow: Flow;
  readonly #chunk: number;

  constructor(paces: readonly Pace[], chunk: number) {
    this.#chunk = chunk;
    this.flow = new Flow(paces, [], this);
  }

  flowHeld(): void {}

  flowReleased(): void {
    // A transport delivers later, and not from within the call.
    setTimeout(() => this.read(), 0);
  }

  read(): void {
    this.bytes += this.#chunk;
    if (this.flow.moved(this.#chunk)) setTimeout(() => this.read(), 0);
  }
}

/** Long enough for what is taken at once at the beginning to be less than a fiftieth of all. */
const SECONDS = 60;

for (const rate of [10_000, 1_000_000, 100_000_000]) {
  for (const chunk of [500, 16_384, 262_144]) {
    test(`one reader of ${chunk} bytes at a time gets ${rate} bytes per second`, () => {
      const reader = new Reader([new Pace(rate, now)], chunk);
      reader.read();
      vi.advanceTimersByTime(SECONDS * 1000);
      // Where no more fits into the millisecond that a timer takes.
      const most = Math.min(rate, chunk * 1000);
      expect(Math.abs(reader.bytes - most * SECONDS)).toBeLessThan(
        most * SECONDS * 0.02 + chunk + Math.max(16_384, most * 0.2),
      );
    });
  }
}

test('several readers share a pace evenly, also with one that reads less at a time', () => {
  const pace = new Pace(1_000_000, now);
  const readers = [4_096, 16_384, 16_384, 16_384].map((chunk) => new Reader([pace], chunk));
  for (const reader of readers) reader.read();
  vi.advanceTimersByTime(SECONDS * 1000);
  const total = readers.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(Math.abs(total - SECONDS * 1_000_000)).toBeLessThan(SECONDS * 20_000);
  const [, second, third, fourth] = readers.map(({ bytes }) => bytes);
  expect(Math.max(second!, third!, fourth!) / Math.min(second!, third!, fourth!)).toBeLessThan(1.05);
});

test('a thousand readers share a pace, and none waits for more than a round', () => {
  const pace = new Pace(10_000_000, now);
  const readers = Array.from({ length: 1000 }, () => new Reader([pace], 10_000));
  for (const reader of readers) reader.read();
  vi.advanceTimersByTime(SECONDS * 1000);
  const counts = readers.map(({ bytes }) => bytes);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(20_000);
  expect(Math.abs(counts.reduce((sum, bytes) => sum + bytes) - SECONDS * 10_000_000)).toBeLessThan(
    SECONDS * 200_000 + 10_000_000,
  );
});

test('a reader with nothing to read takes nothing from the others', () => {
  const pace = new Pace(1_000_000, now);
  const idle = new Reader([pace], 16_384);
  vi.spyOn(idle, 'flowReleased').mockImplementation(() => {});
  const busy = new Reader([pace], 16_384);
  idle.read();
  busy.read();
  vi.advanceTimersByTime(SECONDS * 1000);
  expect(Math.abs(busy.bytes - SECONDS * 1_000_000)).toBeLessThan(SECONDS * 20_000);
});

test('of two paces the slower one counts', () => {
  const reader = new Reader([new Pace(2_000_000, now), new Pace(1_000_000, now)], 16_384);
  reader.read();
  vi.advanceTimersByTime(SECONDS * 1000);
  expect(Math.abs(reader.bytes - SECONDS * 1_000_000)).toBeLessThan(SECONDS * 20_000);
});

test('after a pause a fifth of a second may be read at once, and no more', () => {
  const pace = new Pace(1_000_000, now);
  vi.advanceTimersByTime(3_600_000);
  expect(pace.credit).toBe(200_000);
  pace.take(200_000);
  expect([pace.isOpen, pace.isFull]).toEqual([false, false]);
  vi.advanceTimersByTime(200);
  expect([pace.isOpen, pace.isFull]).toEqual([true, true]);
});

test('a flow that is closed waits no longer, and leaves no timer', () => {
  const reader = new Reader([new Pace(1_000, now)], 100_000);
  reader.read();
  expect(reader.flow.isHeld).toBe(true);
  expect(vi.getTimerCount()).toBe(1);
  reader.flow.close();
  expect(reader.flow.isHeld).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that throws when it is let through does not keep the others waiting', () => {
  const pace = new Pace(1_000_000, now);
  const bad = new Flow([pace], [], {
    flowHeld: () => {},
    flowReleased: () => {
      throw new Error('a defect');
    },
  });
  const good = new Reader([pace], 16_384);
  bad.moved(300_000);
  good.read();
  expect(() => vi.advanceTimersByTime(1_000)).toThrow('a defect');
  vi.advanceTimersByTime(SECONDS * 1000);
  expect(good.bytes).toBeGreaterThan(SECONDS * 900_000);
});
