import { type Logger, type SessionListener, type SessionRecord, verdictOf } from '@inband/core';
import type { Config } from '../config/schema/schema.ts';
import type { AccessFormat } from '../lines/access-format.ts';
import { accessFields } from '../lines/access-log.ts';
import type { LogBatch } from './outputs/log-batch.ts';

type SessionLogOptions = Partial<Pick<Config['log'], 'sample' | 'slow'>>;

/** Writes an access line for each session. */
export function accessListener(batch: LogBatch, lines: AccessFormat): SessionListener {
  return (record) => {
    const { length } = batch.lines;
    try {
      lines.write(record, batch.lines);
    } catch (error) {
      // Drops the part of a line that was written.
      batch.lines.length = length;
      throw error;
    }
    batch.added();
  };
}

/**
 * What is done at the end of each session: `access` writes its line, of all or of a sample, and what was slow is a message.
 * Returns `access` itself where neither is configured, so that nothing stands between.
 */
export function sessionLog(
  { sample, slow }: SessionLogOptions,
  access: SessionListener | undefined,
  logger: Logger,
): SessionListener | undefined {
  const share = sample?.accepted ?? 1;
  const written = access === undefined || share >= 1 ? access : sampled(access, share, slow);
  if (slow === undefined) return written;
  return (record) => {
    written?.(record);
    if (isSlow(record, slow)) logger.warn(accessFields(record), `a slow ${record.kind}`);
  };
}

/** Drops all but a share of what went well. A refusal, a failure, an answer of 500 or more, and what was slow have their lines. */
function sampled(access: SessionListener, share: number, slow = Infinity): SessionListener {
  return (record) => {
    const isUsual = verdictOf(record) === 'accepted' && record.status < 500 && !isSlow(record, slow);
    if (!isUsual || Math.random() < share) access(record);
  };
}

/** A tunnel is as slow as its server was to be reached, or to switch protocols, because it may last long. */
function isSlow({ kind, duration, wait, session }: SessionRecord, limit: number): boolean {
  if (kind === 'request') return duration >= limit;
  if (wait !== undefined) return wait >= limit;
  let dialling = 0;
  for (const attempt of session.attempts ?? []) dialling += attempt.duration;
  return dialling >= limit;
}
