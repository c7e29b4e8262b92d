import { formatSockAddr, iterationTime, type LiveSession, processTag, requestId, type SockAddr } from '@inband/core';
import { setTimeout } from 'node:timers/promises';
import { askedText } from '../lines/access-log.ts';
import { secrets } from '../secrets/secret-texts.ts';

/** A session that is going on. */
export interface SessionLine {
  /** As in the log. */
  readonly id: string;
  readonly kind: LiveSession['kind'];
  readonly service: string;
  /** Its place in the configuration; empty before there is one. */
  readonly route: string;
  /** The client's address with its port. */
  readonly client: string;
  readonly method: string;
  readonly target: string;
  readonly state: string;
  /** The address of the server; empty before there is one. */
  readonly server: string;
  readonly startedAt: string;
  readonly seconds: number;
  /** Bytes of content, or of the tunnel, from and to the client. */
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** What a session can be sorted by. */
export const SESSION_SORTS = ['seconds', 'bytes', 'requestBytes', 'responseBytes', 'client', 'target'] as const;

/** Which sessions, and in which order. What is left out is no condition. */
export interface SessionQuery {
  readonly service?: string | undefined;
  readonly route?: string | undefined;
  /** The address, with or without its port. */
  readonly client?: string | undefined;
  /** A part of what was asked for. */
  readonly target?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: string | undefined;
  readonly sort: (typeof SESSION_SORTS)[number];
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** Sessions of one process, and how many there are in all that match. */
export interface SessionsFound {
  readonly sessions: readonly SessionLine[];
  readonly total: number;
}

/** Sessions that are looked at without a pause. */
const AT_ONCE = 2_000;
/** How many times as long as it has looked it pauses then, so that clients hardly notice that somebody looks at very many sessions. */
const PAUSE = 9;

/**
 * The sessions that match, sorted, as many as are asked for. Only those are written out. What changes while it looks may be in it as it
 * was or as it is.
 */
export async function findSessions(all: Iterable<LiveSession>, query: SessionQuery): Promise<SessionsFound> {
  const found = new Found(query);
  let begun = performance.now();
  let looked = 0;
  for (const live of all) {
    found.look(live);
    looked += 1;
    if (looked % AT_ONCE > 0) continue;
    found.settle();
    await setTimeout((performance.now() - begun) * PAUSE);
    begun = performance.now();
  }
  found.settle();
  return { sessions: found.lines.map(({ line }) => line), total: found.total };
}

/** The first ones of all that were looked at. */
class Found {
  lines: readonly { readonly key: Key; readonly line: SessionLine }[] = [];
  total = 0;
  readonly #query: SessionQuery;
  readonly #keyOf: (live: LiveSession) => Key;
  /** Since the last `settle`. */
  #fresh: { readonly key: Key; readonly live: LiveSession }[] = [];

  constructor(query: SessionQuery) {
    this.#query = query;
    this.#keyOf = KEYS[query.sort];
  }

  look(live: LiveSession): void {
    if (!matches(live, this.#query)) return;
    this.total += 1;
    this.#fresh.push({ key: this.#keyOf(live), live });
  }

  /** To be called before others run: then what was looked at may be another session. */
  settle(): void {
    const fresh = this.#first(this.#fresh).map(({ key, live }) => ({ key, line: sessionLine(live) }));
    this.#fresh = [];
    this.lines = this.lines.length === 0 ? fresh : this.#first([...this.lines, ...fresh]);
  }

  #first<Item extends { readonly key: Key }>(items: readonly Item[]): Item[] {
    const { order, limit } = this.#query;
    return items.toSorted((a, b) => compare(a.key, b.key, order)).slice(0, limit);
  }
}

/** Joins what several processes have found, in the same order. */
export function joinSessions<Line extends SessionLine>(
  lines: readonly Line[],
  { sort, order, limit }: SessionQuery,
): Line[] {
  const keyOf = LINE_KEYS[sort];
  return lines.toSorted((a, b) => compare(keyOf(a), keyOf(b), order)).slice(0, limit);
}

/** The session with this id of the log. */
export function sessionWithId(all: Iterable<LiveSession>, id: string): LiveSession | undefined {
  // The numbers are compared, because there may be very many sessions.
  const number = id.startsWith(`${processTag}-`) ? Number(id.slice(processTag.length + 1)) : Number.NaN;
  for (const live of all) if (live.session.id === number) return live;
  return undefined;
}

export function sessionLine(live: LiveSession): SessionLine {
  const { session } = live;
  const age = live.started > 0 ? iterationTime() - live.started : 0;
  return secrets.redactAll({
    id: requestId(session),
    kind: live.kind,
    service: session.service.name,
    route: session.route?.name ?? '',
    client: clientOf(live),
    method: session.method ?? '',
    target: targetOf(live),
    state: live.state,
    server: session.serverAddress === undefined ? '' : formatSockAddr(session.serverAddress),
    startedAt: new Date(Date.now() - age).toISOString(),
    seconds: Math.round(age) / 1_000,
    requestBytes: live.bytesIn,
    responseBytes: live.bytesOut,
  });
}

type Key = number | string;

const KEYS: Readonly<Record<SessionQuery['sort'], (live: LiveSession) => Key>> = {
  // The oldest has the most seconds.
  seconds: ({ started }) => -started,
  bytes: ({ bytesIn, bytesOut }) => bytesIn + bytesOut,
  requestBytes: ({ bytesIn }) => bytesIn,
  responseBytes: ({ bytesOut }) => bytesOut,
  client: clientOf,
  target: targetOf,
};

const LINE_KEYS: Readonly<Record<SessionQuery['sort'], (line: SessionLine) => Key>> = {
  seconds: ({ seconds }) => seconds,
  bytes: ({ requestBytes, responseBytes }) => requestBytes + responseBytes,
  requestBytes: ({ requestBytes }) => requestBytes,
  responseBytes: ({ responseBytes }) => responseBytes,
  client: ({ client }) => client,
  target: ({ target }) => target,
};

function compare(a: Key, b: Key, order: 'asc' | 'desc'): number {
  if (a === b) return 0;
  return a < b === (order === 'asc') ? -1 : 1;
}

function matches(live: LiveSession, query: SessionQuery): boolean {
  const { session } = live;
  if (query.kind !== undefined && query.kind !== live.kind) return false;
  if (query.state !== undefined && query.state !== live.state) return false;
  if (query.service !== undefined && query.service !== session.service.name) return false;
  if (query.route !== undefined && query.route !== session.route?.name) return false;
  if (query.client !== undefined && !isClient(query.client, session.client.address)) return false;
  return query.target === undefined || targetOf(live).includes(query.target);
}

/** Whether a session that was written out matches. */
export function lineMatches(line: SessionLine, query: SessionQuery): boolean {
  const { kind, state, service, route, client, target } = query;
  if (kind !== undefined && kind !== line.kind) return false;
  if (state !== undefined && state !== line.state) return false;
  if (service !== undefined && service !== line.service) return false;
  if (route !== undefined && route !== line.route) return false;
  if (client !== undefined && client !== line.client && client !== withoutPort(line.client)) return false;
  return target === undefined || line.target.includes(target);
}

/** `[2001:db8::1]:443` is `2001:db8::1` without it. */
function withoutPort(address: string): string {
  return address.replace(/^\[?(.*?)\]?:\d+$/, '$1');
}

/** With or without its port. Most addresses are another one, which is seen without writing them out. */
function isClient(wanted: string, address: SockAddr): boolean {
  if (address.family === 'unix') return wanted === formatSockAddr(address);
  if (wanted === address.address) return true;
  return wanted.includes(address.address) && wanted === formatSockAddr(address);
}

function clientOf({ session }: LiveSession): string {
  return formatSockAddr(session.client.address);
}

function targetOf({ session, url }: LiveSession): string {
  return url ?? askedText(session.target) ?? '';
}
