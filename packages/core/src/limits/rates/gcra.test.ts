import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Buckets } from './buckets.ts';
import type { Rate } from './gcra.ts';

const rate = fc.record({
  amount: fc.integer({ min: 1, max: 2_000 }),
  per: fc.constantFrom(1_000, 60_000, 3_600_000),
  burst: fc.integer({ min: 1, max: 500 }),
});

/** Microseconds that pass before each try, and how much is wanted then. */
const tries = fc.array(
  fc.record({
    passed: fc.oneof(fc.nat(20), fc.nat(50_000), fc.nat(10_000_000), fc.nat(2_000_000_000)),
    n: fc.oneof(fc.constant(1), fc.nat(600)),
  }),
  { maxLength: 120 },
);

/** Virtual scheduling (ITU-T I.371) in whole numbers of any size: times in `1 / amount` of a microsecond. */
class Model {
  #tat = 0n;
  readonly #rate: Rate;

  constructor(of: Rate) {
    this.#rate = of;
  }

  take(now: number, n: number) {
    const { amount, per, burst } = this.#rate;
    const unit = BigInt(per) * 1_000n;
    const at = BigInt(now) * BigInt(amount);
    const begin = this.#tat > at ? this.#tat : at;
    const next = begin + BigInt(n) * unit;
    const late = next - at - BigInt(burst) * unit;
    const allowed = late <= 0n;
    if (allowed) this.#tat = next;
    const debt = this.#tat > at ? this.#tat - at : 0n;
    const millisecond = BigInt(amount) * 1_000n;
    return {
      allowed,
      retryAfter: allowed ? 0 : Number((late + millisecond - 1n) / millisecond),
      remaining: Number((BigInt(burst) * unit - debt) / unit),
    };
  }
}

/** Buckets on a clock in microseconds, which is set by hand. */
function onClock(most?: number) {
  const clock = { now: 0 };
  return { clock, buckets: new Buckets(() => clock.now / 1_000, most) };
}

test('every outcome is that of an exact model', () => {
  fc.assert(
    fc.property(rate, tries, (of, all) => {
      const { clock, buckets } = onClock();
      const model = new Model(of);
      for (const { passed, n } of all) {
        clock.now += passed;
        expect(buckets.take('a', of, n)).toEqual(model.take(clock.now, n));
      }
    }),
  );
});

test('in no time is more taken than the burst and what the rate gives in that time', () => {
  fc.assert(
    fc.property(rate, tries, (of, all) => {
      const { clock, buckets } = onClock();
      const taken = all.flatMap(({ passed, n }) => {
        clock.now += passed;
        return buckets.take('a', of, n).allowed ? [{ at: clock.now, n }] : [];
      });
      for (let from = 0; from < taken.length; from += 1) {
        let sum = 0;
        for (const { at, n } of taken.slice(from)) {
          sum += n;
          // In whole numbers: sum <= burst + passed * amount / per
          const given = (at - taken[from]!.at) * of.amount;
          expect((sum - of.burst) * of.per * 1_000).toBeLessThanOrEqual(given);
        }
      }
    }),
  );
});

test('who waits as long as it was told is served, and a millisecond less is too little', () => {
  fc.assert(
    fc.property(rate, tries, fc.integer({ min: 1, max: 500 }), (of, all, wanted) => {
      const { clock, buckets } = onClock();
      for (const { passed, n } of all) {
        clock.now += passed;
        buckets.take('a', of, n);
      }
      const n = Math.min(wanted, of.burst);
      const { allowed, retryAfter } = buckets.take('a', of, n);
      if (allowed) return;
      clock.now += (retryAfter - 1) * 1_000;
      expect(buckets.take('a', of, n).allowed).toBe(false);
      clock.now += 1_000;
      expect(buckets.take('a', of, n).allowed).toBe(true);
    }),
  );
});

test('who waits for its turn is within the rate as well, counted when it is served', () => {
  const patience = fc.integer({ min: 0, max: 20_000 });
  fc.assert(
    fc.property(rate, tries, patience, (of, all, longest) => {
      const { clock, buckets } = onClock();
      const served = all.flatMap(({ passed, n }) => {
        clock.now += passed;
        const { allowed, retryAfter } = buckets.take('a', of, Math.min(n, of.burst), longest);
        expect(retryAfter <= longest || !allowed).toBe(true);
        return allowed ? [{ at: clock.now + retryAfter * 1_000, n: Math.min(n, of.burst) }] : [];
      });
      for (let from = 0; from < served.length; from += 1) {
        let sum = 0;
        for (const { at, n } of served.slice(from)) {
          sum += n;
          // Each may be served up to a millisecond late, because waiting is in whole ones.
          const given = (at - served[from]!.at + 1_000) * of.amount;
          expect((sum - of.burst) * of.per * 1_000).toBeLessThanOrEqual(given);
        }
      }
    }),
  );
});

test('what is given back was never taken', () => {
  fc.assert(
    fc.property(rate, tries, tries, (of, first, others) => {
      const [one, other] = [onClock(), onClock()];
      for (const { passed, n } of first) {
        one.clock.now += passed;
        other.clock.now += passed;
        one.buckets.take('a', of, n);
        other.buckets.take('a', of, n);
      }
      if (one.buckets.take('a', of, 1).allowed) one.buckets.giveBack('a', of, 1);
      for (const { passed, n } of others) {
        one.clock.now += passed;
        other.clock.now += passed;
        expect(one.buckets.take('a', of, n)).toEqual({ ...other.buckets.take('a', of, n) });
      }
    }),
  );
});

test('more than the burst is never given', () => {
  const { buckets, clock } = onClock();
  const of = { amount: 10, per: 1_000, burst: 5 };
  clock.now = 1e9;
  expect(buckets.take('a', of, 6)).toMatchObject({ allowed: false, remaining: 5 });
  expect(buckets.take('a', of, 5)).toMatchObject({ allowed: true, remaining: 0 });
});
