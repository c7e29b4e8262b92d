import {
  clientZone,
  formatHostPort,
  formatSockAddr,
  type HostPort,
  reasonOf,
  type Route,
  ruleOf,
  serverZone,
  type Service,
  type SessionRecord,
  type SockAddr,
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
  readonly #targets = new WeakMap<HostPort, string>();
  readonly #methods = new BoundedTexts((method) => `,"method":${quoted(method)}`);
  readonly #fresh = new BoundedTexts((rule) => accepted(rule, false));
  readonly #reused = new BoundedTexts((rule) => accepted(rule, true));
  /** Addresses with their zones, which hold for one generation of these. */
  #clients = new WeakMap<SockAddr, string>();
  #servers = new WeakMap<SockAddr, string>();
  #generation = -1;

  line(record: SessionRecord): string {
    const { session, wait } = record;
    this.#checkZones(record);
    const line = `${this.#beginning()}${this.#routeOf(record)},"session":${session.id}${this.#who(record)}${this.#what(record)}${this.#where(record)}`;
    const end = `${record.bytesIn},"bytesOut":${record.bytesOut}${record.aborted ? ABORTED : ''},"ms":${hundredths(record.duration)}`;
    const last = wait === undefined ? this.#last(record) : `,"waitMs":${hundredths(wait)}${this.#last(record)}`;
    return `${line}${this.#verdict(record)}${record.status},"bytesIn":${end}${last}`;
  }

  #who(record: SessionRecord): string {
    const { client, parent, user } = record.session;
    let text = this.#clients.get(client.address);
    if (text === undefined) {
      text = `,"client":${quoted(formatSockAddr(client.address))},"clientZone":${quoted(clientZone(record))}`;
      this.#clients.set(client.address, text);
    }
    if (parent !== undefined) text = `,"parent":${parent.id}${text}`;
    return user === undefined ? text : `${text},"user":${quoted(user)}`;
  }

  #what({ session, url }: SessionRecord): string {
    const { method, target } = session;
    const text = method === undefined ? '' : this.#methods.of(method);
    const asked = target === undefined ? '' : this.#askedOf(target);
    return url === undefined ? text + asked : `${text},"target":${quoted(url)}${asked}`;
  }

  #where(record: SessionRecord): string {
    const { serverAddress, resolvedAddress } = record.session;
    if (serverAddress === undefined) return '';
    let text = this.#servers.get(serverAddress);
    if (text === undefined) {
      text = `,"server":${quoted(formatSockAddr(serverAddress))},"serverZone":${quoted(serverZone(record)!)}`;
      this.#servers.set(serverAddress, text);
    }
    if (resolvedAddress === undefined) return text;
    const [resolved, translated] = [resolvedAddress, serverAddress].map((each) => quoted(formatSockAddr(each)));
    return `${text},"resolved":${resolved},"translated":${translated}`;
  }

  /** Up to the number of the status. */
  #verdict(record: SessionRecord): string {
    const verdict = verdictOf(record);
    const rule = ruleOf(record);
    const { attempts } = record.session;
    if (verdict === 'accepted' && attempts === undefined && rule !== undefined) {
      return (record.reused ? this.#reused : this.#fresh).of(rule);
    }
    const decided = rule === undefined ? '' : `,"rule":${quoted(rule)}`;
    // The rule says why something was let through.
    const why = verdict === 'accepted' ? '' : `,"why":${quoted(reasonOf(record))}`;
    const tried = attempts === undefined ? '' : `,"attempts":${json(attempts.map(attemptFields))}`;
    return `,"verdict":"${verdict}"${decided}${why},"reused":${record.reused}${tried},"status":`;
  }

  #last({ error, kind }: SessionRecord): string {
    if (error !== undefined) return `,"error":"${error.code}","msg":"${kind}"}\n`;
    return kind === 'request' ? REQUEST : TUNNEL;
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

  #askedOf(target: HostPort): string {
    let text = this.#targets.get(target);
    if (text === undefined) {
      text = `,"asked":${quoted(formatHostPort(target))}`;
      this.#targets.set(target, text);
    }
    return text;
  }

  #checkZones({ session }: SessionRecord): void {
    const { generation } = session.service.policy;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#clients = new WeakMap();
    this.#servers = new WeakMap();
  }
}

const ABORTED = ',"aborted":true';
const REQUEST = ',"msg":"request"}\n';
const TUNNEL = ',"msg":"tunnel"}\n';

function accepted(rule: string, reused: boolean): string {
  return `,"verdict":"accepted","rule":${quoted(rule)},"reused":${reused},"status":`;
}

/** Of few different texts: a client that makes up methods makes none of them stay. */
class BoundedTexts {
  readonly #known = new Map<string, string>();
  readonly #make: (text: string) => string;

  constructor(make: (text: string) => string) {
    this.#make = make;
  }

  of(text: string): string {
    let known = this.#known.get(text);
    if (known === undefined) {
      known = this.#make(text);
      if (text.length > LONGEST_TEXT) return known;
      if (this.#known.size >= MOST_TEXTS) this.#known.clear();
      this.#known.set(text, known);
    }
    return known;
  }
}

function json(value: unknown): string {
  return escapeUnsafe(JSON.stringify(value));
}

const TO_ESCAPE = /["\\]|[^\x20-\x7e]/;

function quoted(text: string): string {
  return TO_ESCAPE.test(text) ? json(text) : `"${text}"`;
}

/** What stands behind a whole number of milliseconds, for each hundredth. */
const HUNDREDTHS = Array.from({ length: 100 }, (_, rest) => String(rest / 100).slice(1));

/** Milliseconds to a hundredth: more is noise. A whole number is made into text much faster than a fraction. */
function hundredths(duration: number): string {
  const whole = Math.round(duration * 100);
  if (!(whole >= 0 && whole < 2 ** 31)) return String(whole / 100);
  const rest = whole % 100;
  const text = String((whole - rest) / 100);
  return rest === 0 ? text : text + HUNDREDTHS[rest]!;
}
