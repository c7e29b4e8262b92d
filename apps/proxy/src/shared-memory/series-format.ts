/**
 * The memory of the metrics of one process, a segment. It describes itself, so that whoever reads it needs nothing of the process
 * that writes it, and a process that takes the place of another finds its series again:
 *
 * ```
 * header   see HEADER
 * entry    length of the key (4 bytes), number of values (4), key (JSON, up to a multiple of 8), values (8 each)
 * entry    …
 * ```
 *
 * Entries are only ever added. The length in the header grows when an entry is complete, so a reader never sees half of one. Numbers are
 * in the order of bytes of the machine, because no other one reads them. An aligned value is written by one store, so a reader sees
 * an old or a new one, and none between.
 */

/** Bytes of a segment. Only what is written takes memory. */
export const SEGMENT_LENGTH = 32 * 2 ** 20;

/** Places in the header. */
export const HEADER = {
  /** Index of a Uint32Array: bytes in use, the header included. 0 in a segment that nobody has written. */
  used: 0,
  /** Index of a Uint32Array: {@link FORMAT}. */
  format: 1,
  /** From here on indexes of a Float64Array. Process id. */
  pid: 1,
  /** When the process started, in milliseconds since 1970. */
  startedAt: 2,
  /** When its gauges were taken last, in milliseconds since 1970; 0 if it has ended in an orderly way. */
  sampledAt: 3,
  /** Series that found no room. */
  lost: 4,
  /** The first value of {@link SCRATCH_VALUES} that nobody reads: where is counted what found no room. */
  scratch: 8,
} as const;

/** No series that is written through its index is longer. */
export const SCRATCH_VALUES = 128;
export const HEADER_LENGTH = (HEADER.scratch + SCRATCH_VALUES) * 8;
/** Changed with the format. */
export const FORMAT = 0x1b4d0001;
/** Bytes before the key of an entry. */
export const ENTRY_HEAD = 8;
/** The length of a key in memory. */
export function padded(length: number): number {
  return (length + 7) & ~7;
}

/** Names a series: its metric, and the values of its labels in the order of the metric. */
export function seriesKey(name: string, labels: readonly string[]): string {
  return JSON.stringify([name, ...labels]);
}
