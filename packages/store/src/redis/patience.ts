/** Milliseconds before a connection is tried again: the first time, and at most. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
/** Milliseconds after which a try has been a success. More than connecting may take. */
const LASTS = 5_000;

/**
 * How long to wait before each try to connect, with a random part, so that not all machines come back at the same moment. iovalkey counts anew with each
 * connection that is made. But a server that has too many clients, does not know the password or is none of its kind lets each be made and ends it:
 * a connection that does not last is one that was not made.
 */
export function patience(now: () => number = () => performance.now()): () => number {
  let tries = 0;
  let triedAt = -Infinity;
  return () => {
    tries = now() - triedAt > LASTS ? 1 : tries + 1;
    const longest = Math.min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY);
    const delay = Math.ceil(longest * (0.5 + Math.random() / 2));
    triedAt = now() + delay;
    return delay;
  };
}
