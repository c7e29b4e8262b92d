import type { SessionRecord } from '@inband/core';
import type { LineBuffer } from './line-buffer.ts';

/** Writes one access line, with its line feed, for each session. */
export interface AccessFormat {
  write(record: SessionRecord, into: LineBuffer): void;
}

/** An {@link AccessFormat} from a function that returns the line without its line feed. */
export function textFormat(lineOf: (record: SessionRecord) => string): AccessFormat {
  return { write: (record, into) => into.text(`${lineOf(record)}\n`) };
}
