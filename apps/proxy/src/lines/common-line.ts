import type { SessionRecord } from '@inband/core';
import { hostOf } from './client-host.ts';
import { commonTime } from './log-time.ts';
import { safeWord } from './safe-text.ts';

/**
 * The common log format of Apache and nginx: `host - user [time] "method target" status bytes`. The request line has no
 * version, which readers of the format allow. The status is `000` where no response was begun.
 */
export function commonLine(record: SessionRecord, now: Date): string {
  const { session, url, status, bytesOut } = record;
  const who = `${hostOf(session.client.address)} - ${safeWord(session.user)}`;
  const what = `"${safeWord(session.method)} ${safeWord(url)}"`;
  return `${who} [${commonTime(now)}] ${what} ${String(status).padStart(3, '0')} ${bytesOut}`;
}
