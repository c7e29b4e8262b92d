import {
  type DiagnosticMessage,
  type DiagnosticName,
  type ErrorFacts,
  formatHostPort,
  formatSockAddr,
  type HostPort,
  type SockAddr,
} from '@inband/core';

/** Characters of one value. A line has to stay whole in a pipe that several workers write to. */
const LONGEST_VALUE = 500;

/** What stands in a line as it is: visible ASCII but for what quotes. */
const PLAIN = /^[!#-[\]-~]+$/;
const NOT_VISIBLE = /[^ -~]/g;

/** One line, with its end: `2026-11-28T12:00:00.000Z 4711 pool hit session=12 client=3 server=192.0.2.1:80 connection=5`. */
export function debugLine(channel: DiagnosticName, message: DiagnosticMessage, now = new Date()): string {
  // The session comes first: whoever follows one looks for it there.
  const { event, ...facts } = message;
  const words = [now.toISOString(), process.pid, channel, event];
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) words.push(factText(name, value));
  }
  return `${words.join(' ')}\n`;
}

type Fact = string | number | boolean | SockAddr | HostPort | ErrorFacts;

function factText(name: string, value: Fact): string {
  if (typeof value === 'number') return `${name}=${Math.round(value * 1000) / 1000}`;
  if (typeof value === 'boolean') return `${name}=${value}`;
  if (typeof value === 'string') return `${name}=${quoted(value)}`;
  if ('family' in value) return `${name}=${quoted(formatSockAddr(value))}`;
  if ('host' in value) return `${name}=${quoted(formatHostPort(value))}`;
  return errorText(name, value);
}

function errorText(name: string, { code, message, setting, errno }: ErrorFacts): string {
  const more = { errno, setting, message };
  const words = Object.entries(more).map(([key, text]) => (text === undefined ? '' : ` ${key}=${quoted(text)}`));
  return `${name}=${code}${words.join('')}`;
}

/** A client may write anything: no value ends the line, looks like another one, or reaches a terminal as a control. */
function quoted(text: string): string {
  const short = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}...` : text;
  if (PLAIN.test(short)) return short;
  return JSON.stringify(short).replaceAll(
    NOT_VISIBLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
