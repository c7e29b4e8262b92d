/** Bytes of a file. Browsers take as many. */
export const MOST_TEXT = 1 << 20;
/** Bytes of memory for a file and what it computes. */
export const MOST_MEMORY = 16 << 20;
/** Bytes of the stack of the engine. */
export const MOST_STACK = 256 << 10;
/** Microseconds of processor time for one call. */
export const LONGEST_CALL = 50_000;
/** Microseconds of processor time for a file when it is loaded. */
export const LONGEST_LOAD = 500_000;
/** Milliseconds until a call that nothing can interrupt, such as a search in a long text, is ended with its thread. */
export const LONGEST_REPLY = 1_000;
/** The same for the first reply of a thread, which has to start. */
export const LONGEST_FIRST_REPLY = 10_000;
/** Names that one answer may depend on. Chromium looks up as many. */
export const MOST_NAMES = 20;
/** Characters of an answer. */
export const MOST_ANSWER = 4_096;
/** Alerts of one call that are told, and the characters of each. */
export const MOST_ALERTS = 10;
export const LONGEST_ALERT = 200;
