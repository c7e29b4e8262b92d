/** Milliseconds after the last beat: two have been missed. Such a member is told as one that is not well, and no push waits for it. */
export const MISSED_BEATS = 25_000;
