import type { AcmeError } from '../base/acme-error.ts';
import type { Progress } from '../state/acme-storage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Attempts that may fail within an hour before a new start of the program does not bring another one at once. */
const FREE_ATTEMPTS = 3;
/** Failures that are kept. */
const KEPT = 10;
/** Most that is added to a wait, as a part of it. */
const SPREAD = 1 / 4;
/** The longest wait: what a CA may wish (a day), and what is added. */
const LONGEST = 24 * HOUR * (1 + SPREAD);

/** What is known after a failure. */
export interface Failed extends Progress {
  readonly retryAt: number;
}

/**
 * Notes a failure in `progress`. After an answer of the CA an hour passes until the next attempt; where none came, a minute, then twice as
 * long each time up to an hour. The CA's own wish comes before both. Up to a quarter is added (`random`: from 0 to 1), so that many
 * programs do not come back at once.
 */
export function noteFailure(progress: Progress, error: AcmeError, now: number, random: number): Failed {
  const failures = [...progress.failures, now].slice(-KEPT);
  const recent = withinHour(failures, now);
  const pause = error.kind === 'unreachable' ? Math.min(MINUTE * 2 ** (recent - 1), HOUR) : HOUR;
  const spread = 1 + random * SPREAD;
  // What is left of the CA's wish is stretched too, but never shortened.
  const wished = error.retryAt === undefined ? 0 : now + (error.retryAt - now) * spread;
  const retryAt = Math.round(Math.max(now + pause * spread, wished));
  const limitedUntil = wished > 0 ? Math.round(wished) : progress.limitedUntil;
  return { ...progress, failures, retryAt, limitedUntil, error: error.message };
}

/**
 * When to try again after a start of the program: at once, because whoever starts it may have mended what was wrong. Not before the CA
 * allows it, and not if that was tried in vain three times within an hour: CAs count failed validations.
 */
export function retryAfterStart({ failures, retryAt, limitedUntil }: Progress, now: number): number {
  const isOften = withinHour(failures, now) >= FREE_ATTEMPTS;
  return Math.max(heeded(limitedUntil, now), isOften ? heeded(retryAt, now) : 0);
}

/** A time until which to wait, or 0: none is later than the longest wait, except by a clock that was ahead and was set back since. */
export function heeded(time: number | undefined, now: number): number {
  return time === undefined || time > now + LONGEST ? 0 : time;
}

function withinHour(failures: readonly number[], now: number): number {
  return failures.filter((time) => time <= now && now - time < HOUR).length;
}
