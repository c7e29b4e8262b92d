import { type SessionRecord, verdictOf } from '@inband/core';
import { askedText } from './access-log.ts';
import { hostOf } from './values/client-host.ts';
import { UNKNOWN } from './values/safe-text.ts';

/** A word as Squid writes it: what is no printable ASCII is percent-encoded, as UTF-8 where it is no single byte. */
function percentWord(text: string | undefined): string {
  if (text === undefined || text === '') return UNKNOWN;
  return text.replaceAll(/[^!-~]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const bytes = code < 0x100 ? [code] : Buffer.from(character);
    return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

/**
 * Squid's native access.log: `time elapsed client code/status bytes method URL user hierarchy/server type`. Bytes are those
 * of the content. The type of the content is not known and always `-`.
 */
export function squidLine(record: SessionRecord, now: Date): string {
  const { session, duration, status, bytesOut } = record;
  const time = (now.getTime() / 1_000).toFixed(3);
  const elapsed = String(Math.round(duration)).padStart(6);
  const outcome = `${resultCode(record)}/${String(status).padStart(3, '0')}`;
  const method = session.method === undefined ? 'NONE' : percentWord(session.method);
  const who = hostOf(session.client.address);
  const user = percentWord(session.user);
  return `${time} ${elapsed} ${who} ${outcome} ${bytesOut} ${method} ${wholeUrl(record)} ${user} ${hierarchy(record)} -`;
}

function resultCode(record: SessionRecord): string {
  const verdict = verdictOf(record);
  if (verdict === 'denied-by-policy') return 'TCP_DENIED';
  const { serverAddress } = record.session;
  const code = serverAddress === undefined ? 'NONE_NONE' : record.kind === 'tunnel' ? 'TCP_TUNNEL' : 'TCP_MISS';
  return record.aborted ? `${code}_ABORTED` : code;
}

/** Squid writes an absolute URL also for a request in origin-form, and a name of its own for what it did not understand. */
function wholeUrl({ session, url }: SessionRecord): string {
  if (url === undefined) return 'error:invalid-request';
  const asked = url.startsWith('/') ? askedText(session.target) : undefined;
  const scheme = session.client.tls === undefined ? 'http' : 'https';
  return percentWord(asked === undefined ? url : `${scheme}://${asked}${url}`);
}

function hierarchy(record: SessionRecord): string {
  const { serverAddress } = record.session;
  if (serverAddress === undefined || verdictOf(record) === 'denied-by-policy') return 'HIER_NONE/-';
  return `HIER_DIRECT/${hostOf(serverAddress)}`;
}
