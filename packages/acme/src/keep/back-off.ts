import type { AcmeError } from '../base/acme-error.ts';
import type { Progress } from '../state/acme-storage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Attempts that may fail within an hour before a new start of the program does not bring another one at once. */
const FREE_ATTEMPTS = 3;
/** Failures that are kept. */
const KEPT = 10;

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
  const recent = failures.filter((time) => now - time < HOUR).length;
  const pause = error.kind === 'unreachable' ? Math.min(MINUTE * 2 ** (recent - 1), HOUR) : HOUR;
  const spread = 1 + random / 4;
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
  const recent = failures.filter((time) => now - time < HOUR).length;
  return Math.max(limitedUntil ?? 0, recent >= FREE_ATTEMPTS ? (retryAt ?? 0) : 0);
}
