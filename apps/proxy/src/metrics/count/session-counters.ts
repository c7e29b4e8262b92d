import {
  LimitError,
  type Attempt,
  processTag,
  type RetryCause,
  ruleOf,
  type Session,
  type SessionListener,
  type SessionRecord,
  type Verdict,
  verdictOf,
} from '@inband/core';
import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { SESSION_METRICS } from '../definitions.ts';
import { Histogram, type Exemplars } from './histogram.ts';
import { BoundedSeries } from './bounded-series.ts';
import { METHODS, methodIndex, STATUSES, statusIndex, VERDICTS } from './label-values.ts';

const M = SESSION_METRICS;

/** What is counted of the sessions of one route, or of those of a service that found none. */
class RouteCounters {
  readonly service: ServiceCounters;
  readonly duration: Histogram;
  readonly firstByte: Histogram;
  readonly #writer: SeriesWriter;
  readonly #route: string;
  /** Places by method, status and verdict; 0 where there is none yet. */
  readonly #requests = new Int32Array(METHODS.length * STATUSES.length * VERDICTS.length);
  readonly #tunnels: BoundedSeries;

  constructor(writer: SeriesWriter, service: ServiceCounters, route: string, exemplars: Exemplars) {
    this.#writer = writer;
    this.#route = route;
    this.service = service;
    this.duration = new Histogram(writer, M.duration, [service.name, route], exemplars);
    this.firstByte = new Histogram(writer, M.firstByte, [service.name, route], exemplars);
    this.#tunnels = new BoundedSeries(writer, M.tunnels, (verdict) => [service.name, route, verdict]);
  }

  request(method: string | undefined, status: number, verdict: Verdict): void {
    const byMethod = methodIndex(method);
    const byStatus = statusIndex(status);
    const byVerdict = VERDICTS.indexOf(verdict);
    const index = (byMethod * STATUSES.length + byStatus) * VERDICTS.length + byVerdict;
    const place = this.#requests[index] || this.#find(index, byMethod, byStatus, verdict);
    const { values } = this.#writer;
    values[place] = values[place]! + 1;
  }

  #find(index: number, method: number, status: number, verdict: Verdict): number {
    const labels = [this.service.name, this.#route, METHODS[method] ?? '', STATUSES[status] ?? '', verdict];
    return (this.#requests[index] = this.#writer.place(M.requests.name, labels));
  }

  tunnel(verdict: Verdict): void {
    this.#tunnels.add(verdict);
  }
}

interface Directions {
  readonly in: number;
  readonly out: number;
}

class ServiceCounters {
  readonly name: string;
  readonly routes = new Map<string, RouteCounters>();
  readonly errors: BoundedSeries;
  readonly allowed: BoundedSeries;
  readonly denied: BoundedSeries;
  /** Places of bytes of content by direction. */
  readonly content: Readonly<Record<SessionRecord['kind'], Directions>>;
  readonly #writer: SeriesWriter;
  readonly #guarded = new Map<Verdict, BoundedSeries>();

  constructor(writer: SeriesWriter, name: string) {
    this.#writer = writer;
    this.name = name;
    this.errors = new BoundedSeries(writer, M.errors, (code) => [name, code]);
    this.allowed = new BoundedSeries(writer, M.decisions, (rule) => [name, rule, 'allow']);
    this.denied = new BoundedSeries(writer, M.decisions, (rule) => [name, rule, 'deny']);
    const content = (kind: string, way: string): number => writer.place(M.content.name, [name, kind, way]);
    this.content = {
      request: { in: content('request', 'in'), out: content('request', 'out') },
      tunnel: { in: content('tunnel', 'in'), out: content('tunnel', 'out') },
    };
  }

  guarded(verdict: Verdict): BoundedSeries {
    let series = this.#guarded.get(verdict);
    if (series === undefined) {
      series = new BoundedSeries(this.#writer, M.guarded, (code) => [this.name, verdict, code]);
      this.#guarded.set(verdict, series);
    }
    return series;
  }
}

class ServerCounters {
  readonly connect: Histogram;
  readonly outcomes: BoundedSeries;

  constructor(writer: SeriesWriter, chainer: string, server: string, exemplars: Exemplars) {
    this.connect = new Histogram(writer, M.connect, [chainer, server], exemplars);
    this.outcomes = new BoundedSeries(writer, M.attempts, (outcome) => [chainer, server, outcome]);
  }
}

/** The label of attempts at servers that clients chose: their names would be without a limit. */
const CHOSEN_BY_CLIENT = 'any';

/** Servers of one configuration are many at most. A reload brings others. */
const MOST_SERVERS = 10_000;

export interface SessionCountersOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The place of what counts sessions on idle connections. */
  readonly reused: number;
  /** Whether the routes of a service are counted one by one. */
  readonly byRoute: boolean;
}

/**
 * Counts sessions at their end. It runs for every request, so what it counts in is found once for each route, and everything else are
 * stores into memory.
 */
export class SessionCounters {
  readonly #writer: SeriesWriter;
  readonly #exemplars: Exemplars;
  readonly #services = new Map<string, ServiceCounters>();
  readonly #servers = new Map<string, ServerCounters>();
  readonly #limits: BoundedSeries;
  /** By the kind of the chainer. */
  readonly #retries = new Map<string, BoundedSeries>();
  readonly #reused: number;
  readonly #byRoute: boolean;
  #lastService: Session['service'] | undefined = undefined;
  #lastRoute: Session['route'] = undefined;
  #last: RouteCounters | undefined = undefined;
  /** Services that are TLS guards, by the name. */
  #guards: ReadonlySet<string> = new Set();

  constructor(writer: SeriesWriter, { now, reused, byRoute }: SessionCountersOptions) {
    this.#writer = writer;
    this.#byRoute = byRoute;
    this.#exemplars = { tag: processTag, now };
    this.#reused = reused;
    this.#limits = new BoundedSeries(writer, M.limits, (limit) => [limit]);
  }

  /**
   * Says which services there are, and which of them are TLS guards. What is known of others is forgotten. Their series stay in the memory
   * as they are, and go on if such a service comes back.
   */
  configure(services: ReadonlySet<string>, guards: ReadonlySet<string>): void {
    this.#guards = guards;
    for (const name of this.#services.keys()) if (!services.has(name)) this.#services.delete(name);
    this.#lastService = undefined;
    this.#last = undefined;
  }

  /** Services that something is known of. */
  get services(): number {
    return this.#services.size;
  }

  /** Clients were refused before they could ask for anything. */
  refused(limit: string, count = 1): void {
    this.#limits.add(limit, count);
  }

  readonly count: SessionListener = (record) => {
    const { session, kind, error, wait } = record;
    const { values } = this.#writer;
    const of = this.#countersOf(session);
    const { service } = of;
    const verdict = verdictOf(record);
    if (kind === 'tunnel') of.tunnel(verdict);
    else {
      of.request(session.method, record.status, verdict);
      of.duration.observe(record.duration, session.id);
    }
    if (wait !== undefined) of.firstByte.observe(wait, session.id);
    const { in: bytesIn, out: bytesOut } = service.content[kind];
    values[bytesIn] = values[bytesIn]! + record.bytesIn;
    values[bytesOut] = values[bytesOut]! + record.bytesOut;
    if (record.reused) values[this.#reused] = values[this.#reused]! + 1;
    const rule = ruleOf(record);
    if (rule !== undefined) (verdict === 'denied-by-policy' ? service.denied : service.allowed).add(rule);
    if (error !== undefined) this.#countError(service, error);
    if (session.attempts !== undefined) this.#countAttempts(session, session.attempts);
    if (record.retries !== undefined) this.#countRetries(session, record.retries);
    if (this.#guards.size > 0 && this.#guards.has(service.name)) {
      service.guarded(verdict).add(error?.code ?? 'none');
    }
  };

  #countersOf({ service, route }: Session): RouteCounters {
    // Mostly the next session has the route of the one before.
    if (service === this.#lastService && route === this.#lastRoute && this.#last !== undefined) return this.#last;
    const place = this.#byRoute && route !== undefined ? route.name : '';
    const found = this.#services.get(service.name)?.routes.get(place) ?? this.#add(service.name, place);
    this.#lastService = service;
    this.#lastRoute = route;
    this.#last = found;
    return found;
  }

  #add(name: string, route: string): RouteCounters {
    const service = this.#services.get(name) ?? new ServiceCounters(this.#writer, name);
    const counters = new RouteCounters(this.#writer, service, route, this.#exemplars);
    service.routes.set(route, counters);
    this.#services.set(name, service);
    return counters;
  }

  #countError(service: ServiceCounters, error: NonNullable<SessionRecord['error']>): void {
    const { code, setting } = error;
    service.errors.add(code);
    if (setting === undefined || !(code === 'connection_limit_reached' || error instanceof LimitError)) return;
    // They were counted when their clients came, with those that got no answer.
    if (!COUNTED_AT_ARRIVAL.test(setting)) this.#limits.add(setting);
  }

  #countAttempts({ id, route }: Session, attempts: readonly Attempt[]): void {
    const chainer = route?.chainer.kind ?? '';
    for (const { server = CHOSEN_BY_CLIENT, error, duration } of attempts) {
      const counters = this.#serverOf(chainer, server);
      counters.outcomes.add(error ?? 'connected');
      if (error === undefined) counters.connect.observe(duration, id);
    }
  }

  #countRetries({ route }: Session, causes: readonly RetryCause[]): void {
    const chainer = route?.chainer.kind ?? '';
    let series = this.#retries.get(chainer);
    if (series === undefined) {
      series = new BoundedSeries(this.#writer, M.retries, (cause) => [chainer, cause]);
      this.#retries.set(chainer, series);
    }
    for (const cause of causes) series.add(cause);
  }

  #serverOf(chainer: string, server: string): ServerCounters {
    const key = `${chainer} ${server}`;
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    if (this.#servers.size >= MOST_SERVERS) this.#servers.clear();
    const counters = new ServerCounters(this.#writer, chainer, server, this.#exemplars);
    this.#servers.set(key, counters);
    return counters;
  }
}

const COUNTED_AT_ARRIVAL = /^(?:services\..+\.)?limits\.(?:perClient\.)?(?:connections|newConnections)$/;
