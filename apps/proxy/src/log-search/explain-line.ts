import { PROXY_ERRORS, type ProxyErrorCode } from '@inband/core';
import { whatToDo } from '@inband/http-proxy';
import { adviceToAllow } from '../lines/advice-to-allow.ts';
import { safeSentence } from '../lines/values/safe-text.ts';
import { isRecord } from '../config/problem/problem.ts';
import type { LoggedLine } from './find-lines.ts';

/** Says in sentences what an access line means (docs/logging.md has its keys): who asked for what, which way it took, what came of it. */
export function explainLine(line: LoggedLine): string[] {
  return [asked(line), routed(line), ...reached(line), outcome(line), ...advice(line)].filter((text) => text !== '');
}

function asked(line: LoggedLine): string {
  const began = Date.parse(textOf(line, 'time')) - (numberOf(line, 'ms') ?? 0);
  const when = Number.isNaN(began)
    ? ''
    : ` on ${new Date(began).toISOString().replace('T', ' at ').replace('Z', ' UTC')}`;
  const user = textOf(line, 'user');
  const peer = textOf(line, 'peer');
  const by = peer === '' ? '' : `, as the trusted proxy ${peer} says,`;
  const login = user === '' ? '' : `, logged in as ${user},`;
  const who = `${textOf(line, 'client') || 'a client'}${inZone(line, 'clientZone')}${by}${login}`;
  const method = textOf(line, 'method');
  const target = textOf(line, 'target');
  if (method === '' && target === '') return `${who} sent something${when} that was not understood.`;
  const host = textOf(line, 'asked');
  const meant = host === '' || target.includes(host) ? '' : `, which is for ${host},`;
  return `${who} asked for ${method} ${target}${meant}${when}.`;
}

function routed(line: LoggedLine): string {
  const [service, route, chainer] = [textOf(line, 'service'), textOf(line, 'route'), textOf(line, 'chainer')];
  if (service === '') return '';
  const parent = numberOf(line, 'parent');
  const within = parent === undefined ? '' : `, within the session ${parent} of an outer service`;
  if (route === '') return `The service "${service}" took it${within}, and chose no route for it.`;
  return `The service "${service}" took it${within}, and chose ${route}, whose chainer is "${chainer}".`;
}

/** The server that was evaluated, and each dial. */
function reached(line: LoggedLine): string[] {
  const server = textOf(line, 'server');
  const attempts = Array.isArray(line.attempts) ? line.attempts.filter(isRecord) : [];
  const dials = attempts.map((attempt) => dialled(attempt));
  if (server === '' && dials.length === 0) return [textOf(line, 'asked') === '' ? '' : 'No server was looked at.'];
  const translated = textOf(line, 'resolved') === '' ? '' : `, translated from ${textOf(line, 'resolved')}`;
  const address = server === '' ? [] : [`The server is ${server}${inZone(line, 'serverZone')}${translated}.`];
  if (line.reused === true) return [...address, 'A connection to it was open already, and was used again.'];
  return [...address, ...dials];
}

function dialled(attempt: LoggedLine): string {
  const [server, error, ms] = [textOf(attempt, 'server'), textOf(attempt, 'error'), numberOf(attempt, 'ms')];
  const after = ms === undefined ? '' : ` after ${ms} ms`;
  return error === '' ? `${server} was connected${after}.` : `Connecting to ${server} failed${after}: ${error}.`;
}

function outcome(line: LoggedLine): string {
  const [rule, why, status] = [decider(textOf(line, 'rule')), textOf(line, 'why'), numberOf(line, 'status') ?? 0];
  const reason = why === '' ? '' : ` ${asSentence(why)}`;
  const answer = status === 0 ? 'No answer was begun' : `The answer was ${status}`;
  const sent = `${answer}${firstByte(line)}; it was over after ${numberOf(line, 'ms') ?? '?'} ms, ${bytes(line)}.`;
  switch (line.verdict) {
    case 'accepted':
      return `${rule === '' ? 'It was accepted.' : `${rule} allowed it.`} ${sent}`;
    case 'denied-by-policy':
      return `${rule === '' ? 'It was denied' : `${rule} denied it`}.${reason} ${sent}`;
    case 'connection-failed':
      return `${rule === '' ? 'It was allowed' : `${rule} allowed it`}, and no server could be reached.${reason} ${sent}`;
    case 'aborted':
      return `${rule === '' ? 'It was allowed' : `${rule} allowed it`}, but it did not come to its end.${reason} ${sent}`;
    default:
      return sent;
  }
}

/** A default has words for a name, which read as part of the sentence unless they are in quotes. */
function decider(rule: string): string {
  return rule.startsWith('default: ') ? `The default "${rule.slice('default: '.length)}"` : rule;
}

function firstByte(line: LoggedLine): string {
  const wait = numberOf(line, 'waitMs');
  return wait === undefined ? '' : `, and the first byte of the server came after ${wait} ms`;
}

function bytes(line: LoggedLine): string {
  return `with ${numberOf(line, 'bytesIn') ?? 0} bytes from the client and ${numberOf(line, 'bytesOut') ?? 0} to it`;
}

/** What would change the outcome. */
function advice(line: LoggedLine): string[] {
  const repaired = Array.isArray(line.repaired)
    ? [
        `The answer of the server was mended (${safeSentence(line.repaired.join(', '))}): see docs/logging.md#repaired-answers.`,
      ]
    : [];
  if (line.verdict === 'accepted' || typeof line.error !== 'string') return repaired;
  return [...repaired, `${remedy(line, line.error)} See docs/errors.md, "${line.error}".`];
}

function remedy(line: LoggedLine, code: string): string {
  const rule = textOf(line, 'rule');
  if (line.verdict !== 'denied-by-policy')
    return isCode(code) ? whatToDo({ code, status: numberOf(line, 'status') ?? 0 }) : '';
  if (rule === '') return 'The reason says what would have to be different.';
  const server = textOf(line, 'server');
  const [, port] = /:(\d+)$/.exec(server) ?? [];
  const host = hostIn(textOf(line, 'asked'));
  return adviceToAllow({
    service: textOf(line, 'service'),
    decidedBy: rule,
    client: hostIn(textOf(line, 'client')),
    server: server === '' ? undefined : { host: hostIn(server), port: port === undefined ? undefined : Number(port) },
    asked: host === '' ? undefined : host,
    user: textOf(line, 'user') || undefined,
    method: textOf(line, 'method') || undefined,
    url: textOf(line, 'target') || undefined,
  });
}

/** `10.1.2.3:80` → `10.1.2.3`, `[::1]:80` → `::1` */
function hostIn(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function isCode(code: string): code is ProxyErrorCode {
  return Object.hasOwn(PROXY_ERRORS, code);
}

function inZone(line: LoggedLine, key: string): string {
  const zone = textOf(line, key);
  return zone === '' ? '' : ` (zone ${zone})`;
}

/** With a full stop at its end. */
function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Empty where it is missing. Control characters are escaped, because clients choose some of the texts and JSON brings them back. */
function textOf(line: LoggedLine, key: string): string {
  const value = line[key];
  return typeof value === 'string' ? safeSentence(value) : '';
}

function numberOf(line: LoggedLine, key: string): number | undefined {
  const value = line[key];
  return typeof value === 'number' ? value : undefined;
}
