/** Seconds of silence after which a TCP peer is asked whether it is still there: on both sides, for every connection. */
export const KEEP_ALIVE_AFTER = 60;
/** Seconds between two questions that get no answer. */
export const KEEP_ALIVE_EVERY = 15;
/** Unanswered questions after which the connection is closed: a peer that is gone is noticed after two minutes. */
export const KEEP_ALIVE_TIMES = 4;
