let time = 0;
/** Whether `time` is the time of this event-loop iteration. */
let isCurrent = false;
/** Whether `endIteration` will be called. */
let isAnnounced = false;

function expire(): void {
  isCurrent = false;
}

/**
 * `performance.now`, read once per event-loop iteration. One iteration handles many requests, each of which starts
 * several timeouts, and none of them needs fractions of a millisecond.
 */
export function iterationTime(): number {
  if (isCurrent) return time;
  isCurrent = true;
  time = performance.now();
  if (!isAnnounced) setImmediate(expire);
  return time;
}

/**
 * For a transport that handles many events in one iteration: it calls this before the first event, and `endIteration`
 * after the last one. Then no immediate is needed to let the time expire.
 */
export function beginIteration(): void {
  isCurrent = false;
  isAnnounced = true;
}

export function endIteration(): void {
  isCurrent = false;
  isAnnounced = false;
}
