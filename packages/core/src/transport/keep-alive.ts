/** Seconds without a segment after which TCP keep-alive probes begin, on every connection to clients and servers. */
export const KEEP_ALIVE_AFTER = 60;
/** Seconds between two probes. */
export const KEEP_ALIVE_EVERY = 15;
/** Unanswered probes after which the connection is closed, so that a peer that is gone is noticed after two minutes. */
export const KEEP_ALIVE_TIMES = 4;
