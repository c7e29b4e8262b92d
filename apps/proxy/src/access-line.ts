import {
  clientZone,
  formatHostPort,
  formatSockAddr,
  reasonOf,
  type Route,
  ruleOf,
  serverZone,
  type Service,
  type Session,
  type SessionRecord,
  turnTime,
  verdictOf,
} from '@inband/core';
import { attemptFields, routeFields } from './access-log.ts';
import { escapeUnsafe } from './escape-unsafe.ts';

/** Texts of a configuration and of the protocol that are kept, as they stand in a line. */
const MOST_TEXTS = 1024;
const LONGEST_TEXT = 256;

/**
 * Writes the fields of `accessFields` as one line of JSON, to the letter as pino would: they make up most of what a busy
 * proxy logs, and their keys are known (docs/adr/0015-access-lines.md). What lines have in common (a route's fields, an
 * address, a zone, a rule) is made into text once.
 */
export class AccessLines {
  readonly #pid = `","pid":${process.pid}`;
  /** Everything up to the fields, for as long as the turn of the event loop. */
  #start = '';
  #instant = -1;
  readonly #routes = new Map<Route | Service, string>();
  readonly #addresses = new WeakMap<object, string>();
  readonly #texts = new Map<string, string>();

  line(record: SessionRecord): string {
    const { session, error, wait } = record;
    const { user, method, target, serverAddress, resolvedAddress } = session;
    let line = `${this.#beginning()}${this.#routeOf(record)},"session":${session.id}${parentOf(session)},"client":"${this.#addressOf(session.client.address)}","clientZone":${this.#quoted(clientZone(record))}`;
    if (user !== undefined) line += `,"user":${quoted(user)}`;
    if (method !== undefined) line += `,"method":${this.#quoted(method)}`;
    if (record.url !== undefined) line += `,"target":${quoted(record.url)}`;
    if (target !== undefined) line += `,"asked":${this.#askedOf(target)}`;
    if (serverAddress !== undefined) {
      const server = this.#addressOf(serverAddress);
      line += `,"server":"${server}","serverZone":${this.#quoted(serverZone(record)!)}`;
      if (resolvedAddress !== undefined) {
        line += `,"resolved":"${this.#addressOf(resolvedAddress)}","translated":"${server}"`;
      }
    }
    const verdict = verdictOf(record);
    line += `,"verdict":"${verdict}"`;
    const rule = ruleOf(record);
    if (rule !== undefined) line += `,"rule":${this.#quoted(rule)}`;
    // The rule says why something was let through.
    if (verdict !== 'accepted') line += `,"why":${quoted(reasonOf(record))}`;
    line += record.reused ? ',"reused":true' : ',"reused":false';
    if (session.attempts !== undefined) line += `,"attempts":${json(session.attempts.map(attemptFields))}`;
    line += `,"status":${record.status},"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut}`;
    if (record.aborted) line += ',"aborted":true';
    line += `,"ms":${hundredths(record.duration)}`;
    if (wait !== undefined) line += `,"waitMs":${hundredths(wait)}`;
    if (error !== undefined) line += `,"error":"${error.code}"`;
    return `${line},"msg":"${record.kind}"}\n`;
  }

  #beginning(): string {
    const now = turnTime();
    if (now !== this.#instant) {
      this.#instant = now;
      this.#start = `{"level":"info","time":"${new Date().toISOString()}${this.#pid}`;
    }
    return this.#start;
  }

  #routeOf({ session }: SessionRecord): string {
    const key = session.route ?? session.service;
    let text = this.#routes.get(key);
    if (text === undefined) {
      // Without the braces, behind what stands before it.
      text = `,${json(routeFields(session)).slice(1, -1)}`;
      this.#routes.set(key, text);
    }
    return text;
  }

  /** In quotes or not, there is nothing to escape: `unix:` paths are. */
  #addressOf(address: Parameters<typeof formatSockAddr>[0]): string {
    let text = this.#addresses.get(address);
    if (text === undefined) {
      text = quoted(formatSockAddr(address)).slice(1, -1);
      this.#addresses.set(address, text);
    }
    return text;
  }

  #askedOf(target: Parameters<typeof formatHostPort>[0]): string {
    let text = this.#addresses.get(target);
    if (text === undefined) {
      text = quoted(formatHostPort(target));
      this.#addresses.set(target, text);
    }
    return text;
  }

  /** Of few different texts: a client that makes up methods makes none of them stay. */
  #quoted(text: string): string {
    let known = this.#texts.get(text);
    if (known === undefined) {
      known = quoted(text);
      if (text.length > LONGEST_TEXT) return known;
      if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
      this.#texts.set(text, known);
    }
    return known;
  }
}

function parentOf({ parent }: Session): string {
  return parent === undefined ? '' : `,"parent":${parent.id}`;
}

function json(value: unknown): string {
  return escapeUnsafe(JSON.stringify(value));
}

const TO_ESCAPE = /["\\]|[^\x20-\x7e]/;

function quoted(text: string): string {
  return TO_ESCAPE.test(text) ? json(text) : `"${text}"`;
}

/** Milliseconds to a hundredth: more is noise. A whole number is made into text much faster than a fraction. */
function hundredths(duration: number): string {
  const whole = Math.round(duration * 100);
  if (!(whole >= 0 && whole < 2 ** 31)) return String(whole / 100);
  const rest = whole % 100;
  const text = `${(whole - rest) / 100}`;
  if (rest === 0) return text;
  if (rest % 10 === 0) return `${text}.${rest / 10}`;
  return rest < 10 ? `${text}.0${rest}` : `${text}.${rest}`;
}
