/**
 * What was mended in an answer, as flags. `docs/logging.md` lists the names, which stand in the log (`repaired`). A connection on
 * which something was mended is not used again, because where its server thinks that the answer ends is not certain.
 */
export const Repair = {
  lineEnd: 1 << 0,
  fold: 1 << 1,
  spaceBeforeColon: 1 << 2,
  droppedLine: 1 << 3,
  controlByte: 1 << 4,
  emptyLine: 1 << 5,
  repeatedLength: 1 << 6,
  lengthBesideChunked: 1 << 7,
  repeatedChunked: 1 << 8,
  identity: 1 << 9,
  chunksInHttp10: 1 << 10,
  chunkLine: 1 << 11,
  framingWithoutBody: 1 << 12,
  upgradeWithoutConnection: 1 << 13,
} as const;

/** By the position of the flag. */
export const REPAIR_NAMES: readonly string[] = [
  'line-end',
  'fold',
  'space-before-colon',
  'dropped-line',
  'control-byte',
  'empty-line',
  'repeated-length',
  'length-beside-chunked',
  'repeated-chunked',
  'identity',
  'chunks-in-http-1.0',
  'chunk-line',
  'framing-without-body',
  'upgrade-without-connection',
];

/** The names of the flags that are set. Undefined for none. */
export function repairNames(repairs: number): readonly string[] | undefined {
  return repairs === 0 ? undefined : REPAIR_NAMES.filter((_, bit) => (repairs & (1 << bit)) !== 0);
}
