let time = 0;
let known = false;

function forget(): void {
  known = false;
}

/**
 * `performance.now`, asked for once in a turn of the event loop: a turn handles many requests, each of which starts
 * several deadlines, and none of them is about fractions of a millisecond.
 */
export function turnTime(): number {
  if (known) return time;
  known = true;
  time = performance.now();
  setImmediate(forget);
  return time;
}
