let time = 0;
let known = false;
/** Whether somebody says when the turn ends. */
let announced = false;

function forget(): void {
  known = false;
}

/**
 * `performance.now`, asked for once in a turn of the event loop: a turn handles many requests, each of which starts
 * several timeouts, and none of them is about fractions of a millisecond.
 */
export function iterationTime(): number {
  if (known) return time;
  known = true;
  time = performance.now();
  if (!announced) setImmediate(forget);
  return time;
}

/** Whoever handles many events in one turn says when it begins and ends: then no immediate is needed to forget the time. */
export function beginTurn(): void {
  known = false;
  announced = true;
}

export function endTurn(): void {
  known = false;
  announced = false;
}
