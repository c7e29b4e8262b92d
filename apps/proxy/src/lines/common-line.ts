import { requestNotes, type SessionRecord } from '@inband/core';
import { hostOf } from './values/client-host.ts';
import { commonTime } from './values/log-time.ts';
import { safeWord, UNKNOWN } from './values/safe-text.ts';

/**
 * The common log format of Apache and nginx: `host - user [time] "method target version" status bytes`. A request that was not
 * understood has no version, which readers of the format allow. The status is `000` where no response was begun.
 */
export function commonLine(record: SessionRecord, now: Date): string {
  const { session, url, status, bytesOut } = record;
  const who = `${hostOf(session.client.address)} - ${safeWord(session.user)}`;
  const version = requestNotes(session)?.version;
  const what = [safeWord(session.method), safeWord(url), ...(version === undefined ? [] : [version])].join(' ');
  return `${who} [${commonTime(now)}] "${what}" ${String(status).padStart(3, '0')} ${bytesOut}`;
}

/** The same, and `"referer" "user agent"`. */
export function combinedLine(record: SessionRecord, now: Date): string {
  const { referer, userAgent } = requestNotes(record.session) ?? {};
  return `${commonLine(record, now)} "${quotedText(referer)}" "${quotedText(userAgent)}"`;
}

/** Within quotes spaces need no escape. */
function quotedText(text: string | undefined): string {
  return text === undefined || text === ''
    ? UNKNOWN
    : text
        .split(' ')
        .map((word) => (word === '' ? '' : safeWord(word)))
        .join(' ');
}
