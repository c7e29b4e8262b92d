import { formatSockAddr, reasonOf, requestId, ruleOf, type SessionRecord, type Verdict, verdictOf } from '@inband/core';
import { hostOf } from './values/client-host.ts';
import { safeSentence, safeWord } from './values/safe-text.ts';
import type { Palette } from './palette.ts';
import { milliseconds, shortDuration, shortSize } from './values/short-numbers.ts';

const COLOUR = {
  accepted: 'green',
  'denied-by-policy': 'yellow',
  'connection-failed': 'red',
  aborted: 'magenta',
} as const satisfies Record<Verdict, keyof Palette>;

const OUTCOME = {
  'denied-by-policy': 'denied',
  'connection-failed': 'failed',
  aborted: 'aborted',
} as const;

/**
 * A session as one short line for people: when, who, what, status, duration, bytes, and the way that it took. For
 * what was not accepted the reason and the setting that decided instead of the way.
 */
export function textLine(record: SessionRecord, time: string, palette: Palette): string {
  const { session, status, duration } = record;
  const { client, user, method } = session;
  const verdict = verdictOf(record);
  const words = [palette.dim(time), hostOf(client.address)];
  if (client.peer !== undefined) words.push(palette.dim(`via ${hostOf(client.peer)}`));
  if (user !== undefined) words.push(safeWord(user));
  words.push(safeWord(method), safeWord(record.url));
  words.push(palette[COLOUR[verdict]](status === 0 ? '-' : String(status)));
  words.push(shortDuration(duration), bytes(record));
  words.push(verdict === 'accepted' ? palette.dim(way(record)) : problem(record, verdict, palette));
  if (record.repaired !== undefined) words.push(`repaired:${record.repaired.join(',')}`);
  if (record.retries !== undefined) words.push(`retries:${record.retries.join(',')}`);
  return words.filter((word) => word !== '').join(' ');
}

/** Bytes to the client, and from it if there were some. */
function bytes({ kind, bytesIn, bytesOut }: SessionRecord): string {
  return kind === 'tunnel' || bytesIn > 0 ? `${shortSize(bytesIn)}/${shortSize(bytesOut)}` : shortSize(bytesOut);
}

/** The route, the chainer, the server and TLS with it, as far as there were some. */
function way({ session }: SessionRecord): string {
  const { service, route, serverAddress, serverTls } = session;
  const name = (route?.name ?? service.name).replace(/^services\./, '');
  const server = serverAddress && safeWord(formatSockAddr(serverAddress));
  return [name, route?.chainer.kind, server, serverTls?.version].filter((word) => word !== undefined).join(' ');
}

function problem(record: SessionRecord, verdict: keyof typeof OUTCOME, palette: Palette): string {
  const setting = ruleOf(record) ?? settingOf(record);
  const why = palette[COLOUR[verdict]](`${OUTCOME[verdict]}: ${safeSentence(reasonOf(record))}`);
  const dials = record.session.attempts ?? [];
  const tried = dials.map(({ address, duration, error }) =>
    [safeWord(formatSockAddr(address)), error ?? 'connected', `${milliseconds(duration)}ms`].join(' '),
  );
  const id = `id ${requestId(record.session)}`;
  const more = [...(setting === undefined ? [] : [safeSentence(setting)]), ...tried, id];
  return `${why} (${more.join('; ')})`;
}

/** The setting that the error names; that of a chainer with its route. */
function settingOf({ session: { route }, error }: SessionRecord): string | undefined {
  const setting = error?.setting;
  const isChainers = setting !== undefined && /^chainer\b/.test(setting);
  return isChainers && route !== undefined ? `${route.name}.${setting}` : setting;
}
