/**
 * What one call of `onEvents` or `onWork` came to: the kind of what happened, and the bytes that were received. Both are
 * packed into one small integer, because one is returned for every event: the kind takes the two lowest bits.
 */
export type Outcome = number;

const SPLICED = 1;
const KIND = 3;
const KIND_BITS = 2;

/** Nothing was received and no handler was called. */
export const NOTHING: Outcome = 0;

/** A handler was called, so there may be promises whose continuations wait for the end of the iteration. */
export const HANDLED: Outcome = 2;

/** So many bytes were received for a handler. */
export function received(bytes: number): Outcome {
  return (bytes << KIND_BITS) | HANDLED;
}

/** So many bytes were spliced within the kernel. With 0, the event was about bytes that had been spliced already. */
export function spliced(bytes: number): Outcome {
  return (bytes << KIND_BITS) | SPLICED;
}

/** What two things in one call came to. They are only a splice if no handler was called for anything else. */
export function together(first: Outcome, second: Outcome): Outcome {
  return (((first >> KIND_BITS) + (second >> KIND_BITS)) << KIND_BITS) | ((first | second) & KIND);
}

export function bytesOf(outcome: Outcome): number {
  return outcome >> KIND_BITS;
}

/** Whether bytes that were spliced within the kernel are all that it was about. */
export function isOnlySpliced(outcome: Outcome): boolean {
  return (outcome & KIND) === SPLICED;
}
